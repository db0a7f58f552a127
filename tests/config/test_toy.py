"""Settings of the autoencoders and of the torn manifold: what they accept, and what does not go together."""

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
    DataConfig,
    LabelCode,
    ModelConfig,
    RunConfig,
    ToyDataConfig,
    TrainConfig,
    section_of,
)
from cvae_core.errors import ConfigError

torn_manifolds = st.builds(
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
RUN = RunConfig(data=ToyDataConfig(), model=AutoencoderConfig(), train=AutoencoderTrainConfig())


@given(st.builds(RunConfig, data=torn_manifolds, model=autoencoders, train=trainings))
@settings(max_examples=40)
def test_json_gives_the_same_configuration_back(config: RunConfig) -> None:
    assert RunConfig.from_json(config.to_json()) == config


def test_a_configuration_holds_no_setting_that_means_nothing() -> None:
    values = json.loads(RUN.to_json())
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
    assert RunConfig.from_json('{"schema_version": 1, "model": {"kind": "autoencoder"}}') == RUN
    assert RunConfig(model=AutoencoderConfig()) == RUN


@pytest.mark.parametrize(
    ("kind", "name", "value", "expected"),
    [
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
    ],
)
def test_a_bad_setting_is_named_with_what_came_and_what_was_expected(kind, name, value, expected) -> None:
    with pytest.raises(ConfigError) as caught:
        kind(**{name: value})
    assert str(caught.value) == f"The setting {name} is {value!r}; expected {expected}."
    with pytest.raises(ConfigError, match=f"The setting {name} is"):
        RUN.with_settings({name: value})


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


def test_settings_are_replaced_by_their_names_alone() -> None:
    changed = RUN.with_settings({"noise": "0.1", "latent_dim": "2", "conditional": "true", "epochs": 5})
    assert (changed.data.noise, changed.model.latent_dim, changed.model.conditional) == (0.1, 2, True)
    assert changed.train.epochs == 5


@pytest.mark.parametrize("name", ["beta", "max_shift", "train_limit", "dropout_rate"])
def test_what_only_a_cvae_has_cannot_be_set(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"no setting '{name}'\. The settings are: dataset, noise, .*seed"):
        RUN.with_settings({name: 1})


def test_what_only_the_torn_manifold_has_cannot_be_set_for_images() -> None:
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


@pytest.mark.parametrize("part", [ToyDataConfig(), AutoencoderConfig(), AutoencoderTrainConfig()])
def test_a_configuration_never_changes(part: Any) -> None:
    for name in type(part).model_fields:
        with pytest.raises(ValueError, match="frozen"):
            setattr(part, name, getattr(part, name))
