"""Settings: what they accept, what they refuse and in which words, and their way through JSON."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae_core.config.run import (
    SECTIONS,
    SECTIONS_OF,
    SEED_LIMIT,
    Activation,
    AutoencoderConfig,
    AutoencoderTrainConfig,
    BatchNormalization,
    DataConfig,
    LabelCode,
    LearningRateSchedule,
    ModelConfig,
    RunConfig,
    SnapshotSchedule,
    ToyDataConfig,
    TrainConfig,
    check_schema_version,
    section_of,
)
from cvae_core.errors import ConfigError

limits = st.none() | st.integers(1, 10**9)
data_configs = st.builds(DataConfig, dataset=st.text(min_size=1, max_size=100), train_limit=limits, test_limit=limits)
model_configs = st.builds(
    ModelConfig,
    conditional=st.booleans(),
    latent_dim=st.integers(1, 64),
    hidden_widths=st.lists(st.integers(1, 4096), min_size=1, max_size=8).map(tuple),
    encoder_activation=st.sampled_from(get_args(Activation)),
    decoder_activation=st.sampled_from(get_args(Activation)),
    dropout_rate=st.floats(0.0, 1.0, exclude_max=True),
    batch_normalization=st.sampled_from(get_args(BatchNormalization)),
)
train_configs = st.builds(
    TrainConfig,
    epochs=st.integers(1, 100_000),
    batch_size=st.integers(1, 65_536),
    learning_rate=st.floats(0.0, 1.0, exclude_min=True),
    learning_rate_schedule=st.sampled_from(get_args(LearningRateSchedule)),
    beta=st.floats(0.0, 1000.0),
    kl_warmup_epochs=st.integers(0, 100_000),
    max_shift=st.integers(0, 4),
    shift_rate=st.floats(0, 1),
    seed=st.integers(0, SEED_LIMIT),
    snapshot_schedule=st.sampled_from(get_args(SnapshotSchedule)),
    snapshot_every=st.integers(1, 100_000),
)
toy_data = st.builds(
    ToyDataConfig,
    noise=st.floats(0.0, 1.0),
    points=st.integers(1, 20_000),
    distance=st.floats(0.0, 5.0),
    pieces=st.integers(2, 5),
    data_seed=st.integers(0, SEED_LIMIT),
)
autoencoders = st.builds(
    AutoencoderConfig,
    conditional=st.booleans(),
    label_code=st.sampled_from(get_args(LabelCode)),
    latent_dim=st.integers(1, 100),
    hidden_widths=st.lists(st.integers(1, 4096), min_size=1, max_size=8).map(tuple),
    encoder_activation=st.sampled_from(get_args(Activation)),
    decoder_activation=st.sampled_from(get_args(Activation)),
)
trainings = st.builds(AutoencoderTrainConfig, epochs=st.integers(1, 100_000), seed=st.integers(0, SEED_LIMIT))
run_configs = st.builds(
    RunConfig, preset=st.text(max_size=100), data=data_configs, model=model_configs, train=train_configs
) | st.builds(RunConfig, data=toy_data, model=autoencoders, train=trainings)
TOY = RunConfig(data=ToyDataConfig(), model=AutoencoderConfig(), train=AutoencoderTrainConfig())

WIDTHS = "a list of 1 to 8 entries, each a whole number of at least 1 and at most 4096"
NAN, INFINITY, HUGE = float("nan"), float("inf"), 10**5000
BAD_SETTINGS: list[tuple[type[Any], str, Any, str]] = [
    (DataConfig, "dataset", "", "text of 1 to 100 characters"),
    (DataConfig, "dataset", "x" * 101, "text of 1 to 100 characters"),
    (DataConfig, "dataset", None, "text of 1 to 100 characters"),
    (DataConfig, "dataset", "\ud800", "text of 1 to 100 characters"),
    (DataConfig, "train_limit", 0, "a whole number of at least 1, or nothing"),
    (DataConfig, "test_limit", -5, "a whole number of at least 1, or nothing"),
    (DataConfig, "test_limit", True, "a whole number of at least 1, or nothing"),
    (ModelConfig, "kind", "gan", "'cvae'"),
    (ModelConfig, "conditional", "perhaps", "true or false"),
    (ModelConfig, "conditional", None, "true or false"),
    (ModelConfig, "conditional", 2, "true or false"),
    *[(ModelConfig, "latent_dim", bad, "a whole number of at least 1 and at most 64")
      for bad in (0, -1, 65, 2.5, "eight", "", None, True, False, NAN, INFINITY, [8], 10**30, "9" * 5000)],
    *[(ModelConfig, "hidden_widths", bad, WIDTHS)
      for bad in ([], (), [1] * 9, None, 2.5, {"width": 256})],
    (ModelConfig, "encoder_activation", "sigmoid", "'relu', 'leaky_relu', 'elu', 'gelu', 'silu' or 'tanh'"),
    (ModelConfig, "decoder_activation", 1, "'relu', 'leaky_relu', 'elu', 'gelu', 'silu' or 'tanh'"),
    *[(ModelConfig, "dropout_rate", bad, "a number of at least 0 and less than 1")
      for bad in (1.0, 1, -0.1, NAN, INFINITY, "much", None, True)],
    (ModelConfig, "batch_normalization", "both", "'none', 'before' or 'after'"),
    *[(TrainConfig, "epochs", bad, "a whole number of at least 1 and at most 100000") for bad in (0, -1, 100_001, 1.5)],
    *[(TrainConfig, "batch_size", bad, "a whole number of at least 1 and at most 65536") for bad in (0, 65_537, "all")],
    *[(TrainConfig, "learning_rate", bad, "a number of more than 0 and at most 1")
      for bad in (0.0, -1e-3, 1.5, NAN, -INFINITY, "fast", True, "1e400")],
    (TrainConfig, "learning_rate_schedule", "linear", "'constant', 'cosine' or 'plateau'"),
    *[(TrainConfig, "beta", bad, "a number of at least 0 and at most 1000") for bad in (-0.5, 1001, NAN, "x")],
    (TrainConfig, "kl_warmup_epochs", -1, "a whole number of at least 0 and at most 100000"),
    (TrainConfig, "shift_rate", 1.5, "a number of at least 0 and at most 1"),
    (TrainConfig, "max_shift", 5, "a whole number of at least 0 and at most 4"),
    (TrainConfig, "seed", -1, f"a whole number of at least 0 and at most {SEED_LIMIT}"),
    (TrainConfig, "seed", SEED_LIMIT + 1, f"a whole number of at least 0 and at most {SEED_LIMIT}"),
    (TrainConfig, "snapshot_schedule", "never", "'tutorial' or 'every'"),
    (TrainConfig, "snapshot_every", 0, "a whole number of at least 1 and at most 100000"),
    (RunConfig, "preset", "x" * 101, "text of 0 to 100 characters"),
    (RunConfig, "model", [1], "an object of settings"),
    (RunConfig, "schema_version", 2, "a whole number of at least 1 and at most 1"),
    (ToyDataConfig, "points", 0, "a whole number of at least 1 and at most 20000"),
    (ToyDataConfig, "noise", -0.06, "a number of at least 0 and at most 1"),
    (ToyDataConfig, "noise", float("nan"), "a number of at least 0 and at most 1"),
    (ToyDataConfig, "distance", -1.0, "a number of at least 0 and at most 5"),
    (ToyDataConfig, "pieces", 1, "a whole number of at least 2 and at most 5"),
    (ToyDataConfig, "pieces", 6, "a whole number of at least 2 and at most 5"),
    (ToyDataConfig, "data_seed", -1, f"a whole number of at least 0 and at most {SEED_LIMIT}"),
    (ToyDataConfig, "dataset", "mnist", "'torn_manifold'"),
    (AutoencoderConfig, "latent_dim", 0, "a whole number of at least 1 and at most 100"),
    (AutoencoderConfig, "latent_dim", 101, "a whole number of at least 1 and at most 100"),
    (AutoencoderConfig, "label_code", "letter", "'one_hot' or 'number'"),
    (AutoencoderConfig, "kind", "cvae", "'autoencoder'"),
    (AutoencoderTrainConfig, "epochs", 0, "a whole number of at least 1 and at most 100000"),
    (AutoencoderTrainConfig, "batch_size", 0, "a whole number of at least 1 and at most 65536"),
]  # fmt: skip


def shown(value: Any) -> str:
    text = repr(value)
    if len(text) <= 60:
        return text
    return text[:56] + "...'" if isinstance(value, str) else text[:57] + "..."


@given(run_configs)
@settings(deadline=None, max_examples=60)
def test_json_gives_the_same_configuration_back(config: RunConfig) -> None:
    assert RunConfig.from_json(config.to_json()) == config
    assert RunConfig.from_json(config.to_json().encode()) == config
    assert RunConfig(**json.loads(config.to_json())) == config


@pytest.mark.parametrize(("kind", "name", "value", "expected"), BAD_SETTINGS)
def test_a_bad_setting_is_named_with_what_came_and_what_was_expected(kind, name, value, expected) -> None:
    with pytest.raises(ConfigError) as caught:
        kind(**{name: value})
    assert str(caught.value) == f"The setting {name} is {shown(value)}; expected {expected}."
    if kind in (ToyDataConfig, AutoencoderConfig, AutoencoderTrainConfig):
        with pytest.raises(ConfigError, match=f"The setting {name} is"):
            TOY.with_settings({name: value})


@pytest.mark.parametrize(
    ("widths", "entry"),
    [
        ([256, 0], 0),
        ([256, -1, 0], -1),
        ([4097], 4097),
        ("256,wide", "wide"),
        ([True], True),
        ([NAN], NAN),
        ([[8]], [8]),
    ],
)
def test_a_bad_entry_of_a_list_is_shown_in_one_sentence(widths: Any, entry: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        ModelConfig(hidden_widths=widths)
    assert str(caught.value) == f"The setting hidden_widths holds {entry!r}; expected {WIDTHS}."


def test_a_number_of_thousands_of_digits_is_refused_in_a_short_sentence() -> None:
    with pytest.raises(ConfigError, match="latent_dim is a number too large to show; expected a whole number"):
        ModelConfig(latent_dim=HUGE)


def test_several_faults_give_a_sentence_each_and_no_more_than_three() -> None:
    with pytest.raises(ConfigError) as caught:
        TrainConfig(epochs=0, batch_size=0, learning_rate=NAN, beta=-1)
    sentences = str(caught.value).split(". ")
    assert [sentence.split()[2] for sentence in sentences] == ["epochs", "batch_size", "learning_rate"]


@pytest.mark.parametrize("kind", [DataConfig, ModelConfig, TrainConfig, RunConfig])
def test_an_unknown_setting_is_named(kind: type[Any]) -> None:
    with pytest.raises(ConfigError, match=r"^There is no setting 'latent_dims'\.$"):
        kind(latent_dims=8)


@pytest.mark.parametrize(
    "kind", [RunConfig(), TOY, *(part for run in (RunConfig(), TOY) for part in (run.data, run.model, run.train))]
)
def test_a_configuration_never_changes(kind: Any) -> None:
    for name in type(kind).model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(kind, name, getattr(kind, name))


@pytest.mark.parametrize(
    ("typed", "widths"),
    [(512, (512,)), ("512", (512,)), ("512, 256", (512, 256)), ("[512,256]", (512, 256)), ([64, "32"], (64, 32))],
)
def test_widths_are_understood_as_people_type_them(typed: Any, widths: tuple[int, ...]) -> None:
    assert ModelConfig(hidden_widths=typed).hidden_widths == widths


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "not valid JSON"),
        ("{", "not valid JSON"),
        ("not json", "not valid JSON"),
        (b"\xff\xfe\xfa", "not valid JSON"),
        ('{"model":' * 100_000, "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"schema_version": 1, "train": {"seed": ' + "9" * 5000 + "}}", "not valid JSON"),
        ("null", "should be a JSON object"),
        ("[1]", "should be a JSON object"),
        ("{}", "no valid schema_version"),
        ('{"schema_version": true}', "no valid schema_version"),
        ('{"schema_version": "1"}', "no valid schema_version"),
        ('{"schema_version": 0}', "no valid schema_version"),
        ('{"schema_version": 2}', "of schema version 2; this software reads up to 1. Update the software"),
        ('{"schema_version": 1, "colour": 3}', "There is no setting 'colour'"),
        ('{"schema_version": 1, "model": {"colour": 3}}', "There is no setting 'colour'"),
        ('{"schema_version": 1, "model": {"latent_dim": 0}}', "latent_dim is 0; expected a whole number of at least 1"),
        ('{"schema_version": 1, "train": {"learning_rate": NaN}}', "learning_rate is nan; expected a number of more"),
        ('{"schema_version": 1, "train": {"beta": 1e400}}', "beta is inf; expected a number of at least 0"),
        ('{"schema_version": 1, "data": null}', "The setting data is None; expected an object of settings"),
    ],
)
def test_a_text_that_is_no_configuration_says_why(text: str | bytes, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig.from_json(text)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 300


def test_a_configuration_truncated_anywhere_is_refused() -> None:
    text = RunConfig().to_json().rstrip()
    for length in range(len(text)):
        with pytest.raises(ConfigError):
            RunConfig.from_json(text[:length])


@given(
    st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9), st.lists, max_leaves=5)
)
@settings(deadline=None)
def test_any_value_of_a_setting_is_accepted_or_refused_with_a_config_error(value: Any) -> None:
    for kind in (*SECTIONS.values(), RunConfig):
        for name in kind.model_fields:
            try:
                kind(**{name: value})
            except ConfigError as error:
                assert name in str(error)


def test_settings_are_replaced_by_their_names_alone() -> None:
    changed = RunConfig(preset="tutorial").with_settings({"latent_dim": "2", "epochs": 3, "dataset": "fashion_mnist"})
    assert (changed.model.latent_dim, changed.train.epochs, changed.data.dataset) == (2, 3, "fashion_mnist")
    assert changed.with_settings({"latent_dim": 8, "epochs": 1000, "dataset": "mnist"}) == RunConfig(preset="tutorial")


@pytest.mark.parametrize("change", [{"latent_dim": 0}, {"epochs": "many"}, {"zap": 1}, {"epochs": 5, "beta": -1}])
def test_a_bad_replacement_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match=list(change)[-1]):
        RunConfig().with_settings(change)


def test_an_unknown_setting_has_no_section_and_the_known_ones_are_offered() -> None:
    with pytest.raises(ConfigError, match=r"no setting 'zap'. The settings are: dataset, .*latent_dim.*seed"):
        section_of("zap")


def test_a_schema_version_of_nonsense_is_shown_briefly() -> None:
    with pytest.raises(ConfigError) as caught:
        check_schema_version({"schema_version": "x" * 10_000}, "The file")
    assert len(str(caught.value)) < 200


def test_a_configuration_holds_no_setting_that_means_nothing() -> None:
    values = json.loads(TOY.to_json())
    assert set(values["data"]) == {"dataset", "noise", "points", "distance", "pieces", "data_seed"}
    assert {"beta", "kl_warmup_epochs", "max_shift", "shift_rate"}.isdisjoint(values["train"])
    assert {"dropout_rate", "batch_normalization"}.isdisjoint(values["model"])
    assert (values["schema_version"], values["model"]["kind"]) == (1, "autoencoder")


def test_a_file_from_before_there_were_kinds_is_that_of_a_cvae() -> None:
    old = {
        "schema_version": 1,
        "preset": "quick",
        "data": {"dataset": "mnist"},
        "model": {"latent_dim": 3},
        "train": {},
    }
    config = RunConfig.from_json(json.dumps(old))
    assert config == RunConfig(preset="quick", model=ModelConfig(latent_dim=3))
    assert RunConfig.from_json('{"schema_version": 1}') == RunConfig()


def test_missing_sections_are_those_of_the_kind() -> None:
    assert RunConfig.from_json('{"schema_version": 1, "model": {"kind": "autoencoder"}}') == TOY
    assert RunConfig(model=AutoencoderConfig()) == TOY


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"model": AutoencoderConfig(), "data": DataConfig()}, "The model autoencoder cannot learn the data set mnist"),
        ({"data": ToyDataConfig()}, "The model cvae cannot learn the data set torn_manifold"),
        (
            {"model": AutoencoderConfig(), "train": TrainConfig()},
            "belong to another model than autoencoder",
        ),
        ({"train": AutoencoderTrainConfig()}, "training settings belong to another model than cvae"),
        ({"data": {"dataset": "torn_manifold", "noise": 0.1}}, "A CVAE cannot learn the data set torn_manifold"),
        ({"model": {"kind": "autoencoder"}, "data": {"dataset": "mnist"}}, "is 'mnist'; expected 'torn_manifold'"),
        ({"model": {"kind": "autoencoder"}, "train": {"beta": 1.0}}, "There is no setting 'beta'"),
    ],
)
def test_sections_that_do_not_go_together_are_refused(values: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        RunConfig(**values)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 300


def test_settings_of_toy_data_are_replaced_by_their_names_alone() -> None:
    changed = TOY.with_settings({"noise": "0.1", "latent_dim": "2", "conditional": "true", "epochs": 5})
    assert (changed.data.noise, changed.model.latent_dim, changed.model.conditional) == (0.1, 2, True)
    assert changed.train.epochs == 5


@pytest.mark.parametrize("name", ["beta", "max_shift", "train_limit", "dropout_rate"])
def test_what_only_a_cvae_has_cannot_be_set(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"no setting '{name}'\. The settings are: dataset, noise, .*seed"):
        TOY.with_settings({name: 1})


def test_what_only_toy_data_have_cannot_be_set_for_images() -> None:
    with pytest.raises(ConfigError, match="no setting 'noise'"):
        RunConfig().with_settings({"noise": 0.1})
    with pytest.raises(
        ConfigError, match=r"A CVAE cannot learn the data set torn_manifold\. The presets torn-manifold and"
    ):
        RunConfig().with_settings({"dataset": "torn_manifold"})


def test_the_settings_of_images_are_not_those_of_points() -> None:
    assert SECTIONS_OF.get("cvae") == SECTIONS == {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}
    for kind, sections in ((kind, SECTIONS_OF.get(kind)) for kind in ("cvae", "autoencoder")):
        names = [name for fields in sections.values() for name in fields.model_fields]
        assert len(names) == len(set(names))
        for section, fields in sections.items():
            for name, field in fields.model_fields.items():
                assert section_of(name, kind) == section
                assert field.title and field.description
