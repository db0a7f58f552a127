"""Whole trainings on tiny data."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cvae_core.architecture import DataShape, Weights, plan
from cvae_core.config.run import ModelConfig, RunConfig, TrainConfig
from cvae_core.errors import CvaeError, DataError, DivergedError, RunDamagedError, WeightsError
from cvae_core.likelihoods import BERNOULLI
from cvae_core.models.network import forward, kl_per_dimension
from cvae_core.records import Dataset
from cvae_core.runs.snapshots import Checkpoint, newest_checkpoint, publish_checkpoint
from cvae_core.training.engine import train
from cvae_core.training.randomness import evaluation_noise, initial_weights
from cvae_core.training.state import EpochEvent, Event, SnapshotEvent, StepEvent
from cvae_core.training.step import CHUNK_CAPACITY
from tests.networks import one_hot, random_dataset

SHAPE = DataShape(4, 3, 1, 3)
MODEL = ModelConfig(latent_dim=2, hidden_widths=(6,))
TRAIN = TrainConfig(epochs=3, batch_size=10, learning_rate_schedule="plateau", kl_warmup_epochs=1, max_shift=1)


def config(**settings: object) -> RunConfig:
    return RunConfig(model=MODEL, train=TRAIN).with_settings(settings)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """47 images: four full batches of ten, and one of seven."""
    return random_dataset(SHAPE, 47, 23)


def events(dataset: Dataset, start: Checkpoint | None = None, **settings: object) -> list[Event]:
    return list(train(config(**settings), dataset, start))


def assert_same(found: Weights, expected: Weights) -> None:
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.fixture(scope="module")
def undisturbed(dataset: Dataset) -> list[Event]:
    return events(dataset)


def test_events_come_in_order(undisturbed: list[Event]) -> None:
    assert isinstance(undisturbed[0], SnapshotEvent) and undisturbed[0].epoch == 0
    assert [event.epoch for event in undisturbed if isinstance(event, SnapshotEvent)] == [0, 1, 2, 3]
    records = [event.record for event in undisturbed if isinstance(event, EpochEvent)]
    assert [record.epoch for record in records] == [1, 2, 3]
    steps = [event.record for event in undisturbed if isinstance(event, StepEvent)]
    assert [record.step for record in steps if record.epoch == 2][-1] == steps[0].steps_per_epoch == 5
    assert all(record.seconds > 0 for record in records) and all(record.images_per_second > 0 for record in steps)
    assert isinstance(undisturbed[-1], SnapshotEvent)


def test_losses_add_up(undisturbed: list[Event]) -> None:
    record = next(event.record for event in undisturbed if isinstance(event, EpochEvent))
    assert record.train.kl == pytest.approx(sum(record.train.kl_per_dimension))
    assert len(record.test.kl_per_dimension) == 2
    assert record.test.loss == pytest.approx(record.test.reconstruction + record.test.kl)
    assert record.beta == pytest.approx(0.8)


def test_epoch_loss_is_the_mean_over_images(dataset: Dataset, chunks_of: Callable[..., None]) -> None:
    chunks_of(1)
    first = events(dataset, epochs=1)
    steps = [event.record.train for event in first if isinstance(event, StepEvent)]
    epoch = next(event.record for event in first if isinstance(event, EpochEvent))
    assert epoch.train.loss == pytest.approx(np.average([step.loss for step in steps], weights=[10] * 4 + [7]))


def test_untrained_model_has_initial_weights(undisturbed: list[Event]) -> None:
    assert_same(undisturbed[0].state.weights(), initial_weights(plan(MODEL, SHAPE), 0))


def test_same_seed_same_weights(dataset: Dataset, undisturbed: list[Event]) -> None:
    assert_same(events(dataset)[-1].state.weights(), undisturbed[-1].state.weights())
    other = events(dataset, seed=1)[-1].state.weights()
    assert (other["output/bias"] != undisturbed[-1].state.weights()["output/bias"]).any()


@pytest.mark.parametrize("lengths", [(1,), (2, 1), (3,), (CHUNK_CAPACITY,)])
def test_chunks_change_nothing(
    dataset: Dataset, undisturbed: list[Event], chunks_of: Callable[..., None], lengths: tuple[int, ...]
) -> None:
    chunks_of(*lengths)
    again = events(dataset)
    assert_same(again[-1].state.weights(), undisturbed[-1].state.weights())
    losses = [[e.record.train for e in run if isinstance(e, EpochEvent)] for run in (again, undisturbed)]
    assert losses[0] == losses[1]


def test_resume_from_any_event_changes_nothing(
    dataset: Dataset, undisturbed: list[Event], chunks_of: Callable[..., None], tmp_path: Path
) -> None:
    chunks_of(2, 1)
    last = {event.record.epoch: event.record for event in undisturbed if isinstance(event, EpochEvent)}
    for number, event in enumerate(events(dataset)):
        folder = tmp_path / str(number)
        folder.mkdir()
        publish_checkpoint(folder, event.state.checkpoint())
        resumed = list(train(config(), dataset, newest_checkpoint(folder)))
        for later in (later for later in resumed if isinstance(later, EpochEvent)):
            expected = last[later.record.epoch]
            assert (later.record.train, later.record.test) == (expected.train, expected.test)
        final = resumed[-1].state.weights() if resumed else event.state.weights()
        assert_same(final, undisturbed[-1].state.weights())


def test_held_states_do_not_change(dataset: Dataset) -> None:
    held = [(event.state, event.state.weights()) for event in train(config(), dataset)]
    for state, weights in held:
        assert_same(state.weights(), weights)


def test_evaluation_equals_a_plain_one(dataset: Dataset, undisturbed: list[Event]) -> None:
    event = next(event for event in undisturbed if isinstance(event, EpochEvent))
    images = tf.constant(dataset.test.images.reshape(23, -1) / 255.0, tf.float32)
    noise = evaluation_noise(0, 1, 23, 2)
    passed = forward(plan(MODEL, SHAPE), event.state.weights(), images, one_hot(dataset.test.labels, SHAPE), noise)
    reconstruction = BERNOULLI.negative_log_probability(images, passed.outputs).numpy().mean()
    kl = kl_per_dimension(passed.z_mean, passed.z_log_var).numpy().mean(0)
    assert event.record.test.reconstruction == pytest.approx(reconstruction, rel=1e-5)
    np.testing.assert_allclose(event.record.test.kl_per_dimension, kl, rtol=1e-4, atol=1e-6)


def test_large_test_sets_count_each_image_once(undisturbed: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    from cvae_core.training import step as compiled

    monkeypatch.setattr(compiled, "_EVALUATION_ROWS", 10)
    compiled.evaluation_program.cache_clear()
    again = events(random_dataset(SHAPE, 47, 23), epochs=3)
    compiled.evaluation_program.cache_clear()
    pairs = zip(
        *([e.record.test for e in run if isinstance(e, EpochEvent)] for run in (again, undisturbed)), strict=True
    )
    for found, expected in pairs:
        assert found.loss == pytest.approx(expected.loss, rel=1e-5)


@pytest.mark.parametrize(("images", "batch_size"), [(1, 1), (1, 500), (7, 500), (3, 2)])
def test_any_number_of_images_and_any_batch(images: int, batch_size: int) -> None:
    seen = events(random_dataset(SHAPE, images, 1), batch_size=batch_size, epochs=2)
    records = [event.record for event in seen if isinstance(event, EpochEvent)]
    assert len(records) == 2 and all(np.isfinite(record.test.loss) for record in records)


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_normalization": "none", "dropout_rate": 0.0, "conditional": False},
        {"batch_normalization": "before", "hidden_widths": (5, 4, 3), "latent_dim": 1, "encoder_activation": "gelu"},
    ],
)
def test_other_networks_train(dataset: Dataset, settings: dict[str, object]) -> None:
    records = [e.record for e in events(dataset, epochs=1, **settings) if isinstance(e, EpochEvent)]
    assert np.isfinite(records[0].test.loss)


def test_it_learns() -> None:
    dataset = random_dataset(SHAPE, 4, 4)
    dataset.test.images[:] = dataset.train.images[:] = dataset.train.images // 128 * 255
    seen = events(
        dataset, epochs=150, learning_rate=0.02, batch_size=4, max_shift=0, dropout_rate=0, kl_warmup_epochs=0,
        batch_normalization="none", hidden_widths=(16,),
    )  # fmt: skip
    losses = [event.record.train.loss for event in seen if isinstance(event, EpochEvent)]
    assert losses[-1] < 0.6 * losses[0]


def test_divergence_is_told_with_its_epoch(dataset: Dataset) -> None:
    settings = {"learning_rate": 1.0, "batch_normalization": "none", "hidden_widths": (64, 64)}
    seen = []
    with pytest.raises(DivergedError) as error:
        seen.extend(train(config(epochs=1000, **settings), dataset))
    assert isinstance(seen[0], SnapshotEvent)
    assert f"epoch {error.value.epoch}" in str(error.value) and "learning rate" in error.value.advice


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({}, "Try a smaller learning rate."),
        ({"kl_warmup_epochs": 0}, "Try a smaller learning rate or a few KL warm-up epochs."),
        ({"batch_normalization": "none"}, "Try a smaller learning rate or batch normalisation."),
        (
            {"batch_normalization": "none", "kl_warmup_epochs": 0},
            "Try a smaller learning rate, a few KL warm-up epochs or batch normalisation.",
        ),
    ],
)
def test_divergence_is_met_with_what_is_not_switched_on_yet(
    settings: dict[str, object], advice: str, dataset: Dataset
) -> None:
    chosen = config(**{"batch_normalization": "after", "kl_warmup_epochs": 2, **settings})
    checkpoint = next(train(chosen, dataset)).state.checkpoint()
    checkpoint.arrays["weights/output/bias"] = np.full(12, np.nan, np.float32)
    with pytest.raises(DivergedError) as error:
        list(train(chosen, dataset, checkpoint))
    assert error.value.advice == advice
    assert pickle.loads(pickle.dumps(error.value)).advice == advice


def test_nan_weights_fail_at_once(dataset: Dataset) -> None:
    checkpoint = next(train(config(), dataset)).state.checkpoint()
    checkpoint.arrays["weights/output/bias"] = np.full(12, np.nan, np.float32)
    with pytest.raises(DivergedError, match="epoch 1"):
        list(train(config(), dataset, checkpoint))


def test_no_images_are_refused() -> None:
    with pytest.raises(DataError):
        next(train(config(), random_dataset(SHAPE, 0, 3)))
    with pytest.raises(DataError):
        next(train(config(), random_dataset(SHAPE, 3, 0)))


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (lambda c: c.arrays.pop("weights/output/bias"), WeightsError),
        (lambda c: c.arrays.pop("first_moment"), RunDamagedError),
        (lambda c: c.arrays.update(second_moment=np.zeros(3, np.float32)), RunDamagedError),
        (lambda c: c.facts.pop("plateau"), RunDamagedError),
        (lambda c: c.facts.update(sums=[1.0]), RunDamagedError),
        (lambda c: c.facts.update(images="many"), RunDamagedError),
    ],
)
def test_damaged_checkpoints_are_refused(
    dataset: Dataset, undisturbed: list[Event], damage: Callable[[Checkpoint], object], error: type[CvaeError]
) -> None:
    checkpoint = undisturbed[1].state.checkpoint()
    damage(checkpoint)
    with pytest.raises(error):
        next(train(config(), dataset, checkpoint))


@pytest.mark.faults
@pytest.mark.slow
def test_another_process_gives_the_same_weights(undisturbed: list[Event]) -> None:
    code = (
        "from tests.training.test_engine import *\n"
        "weights = events(random_dataset(SHAPE, 47, 23))[-1].state.weights()\n"
        "print(b''.join(weights[name].tobytes() for name in weights).hex())"
    )
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    weights = undisturbed[-1].state.weights()
    assert printed.strip() == b"".join(weights[name].tobytes() for name in weights).hex()
