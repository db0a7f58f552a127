"""Autoencoders through the same engine, writer and resume as a CVAE."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from cvae_core.architecture import Weights, plan
from cvae_core.config.run import AutoencoderConfig, AutoencoderTrainConfig, RunConfig, ToyDataConfig
from cvae_core.data import load_dataset
from cvae_core.data.batching import batch_order
from cvae_core.models.keras_models import build_models
from cvae_core.records import Dataset
from cvae_core.runs.snapshots import newest_checkpoint, publish_checkpoint
from cvae_core.training.engine import train
from cvae_core.training.randomness import initial_weights
from cvae_core.training.state import EpochEvent, Event, SnapshotEvent, StepEvent
from tests.networks import dump_weights
from tests.training.test_engine import assert_same

DATA = ToyDataConfig(points=35, pieces=3)
TRAIN = AutoencoderTrainConfig(epochs=3, batch_size=20, learning_rate_schedule="plateau", snapshot_every=1)


def config(conditional: bool = True, **settings: object) -> RunConfig:
    model = AutoencoderConfig(conditional=conditional, hidden_widths=(8, 6))
    return RunConfig(data=DATA, model=model, train=TRAIN).with_settings(settings)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """105 points: five full batches of twenty, and one of five."""
    return load_dataset(DATA)


@pytest.fixture(scope="module")
def undisturbed(dataset: Dataset) -> list[Event]:
    return list(train(config(), dataset))


def by_keras(config: RunConfig, dataset: Dataset) -> tuple[Weights, list[float]]:
    """The same training by ``fit``, from the same weights and in the same order; the losses that it tells."""
    assert isinstance(config.model, AutoencoderConfig)
    weights = initial_weights(plan(config.model, dataset.shape), config.train.seed)
    built = build_models(config.model, dataset.shape, weights)
    built.whole.compile(optimizer=keras.optimizers.Adam(config.train.learning_rate), loss="mse")
    losses = []
    for epoch in range(1, config.train.epochs + 1):
        order = batch_order(config.train.seed, epoch, len(dataset.train))
        points, labels = dataset.train.images[order], dataset.train.labels[order]
        inputs = [points]
        if config.model.conditional:
            one_hot = config.model.label_code == "one_hot"
            inputs.append(np.eye(3, dtype=np.float32)[labels] if one_hot else labels[:, None].astype(np.float32))
        told = built.whole.fit(inputs, points, config.train.batch_size, epochs=1, shuffle=False, verbose=0)
        losses.append(told.history["loss"][0])
    return dump_weights(built), losses


@pytest.mark.slow
@pytest.mark.parametrize(("conditional", "code"), [(False, "number"), (True, "number"), (True, "one_hot")])
def test_a_training_equals_that_by_keras(dataset: Dataset, conditional: bool, code: str) -> None:
    chosen = config(conditional, label_code=code, learning_rate_schedule="constant")
    seen = list(train(chosen, dataset))
    theirs, losses = by_keras(chosen, dataset)
    ours = [event.record.train for event in seen if isinstance(event, EpochEvent)]
    np.testing.assert_allclose([record.loss for record in ours], losses, rtol=1e-4)
    for name, array in theirs.items():
        np.testing.assert_allclose(seen[-1].state.weights()[name], array, rtol=2e-3, atol=2e-5, err_msg=name)


def test_events_and_losses(undisturbed: list[Event], dataset: Dataset) -> None:
    assert [event.epoch for event in undisturbed if isinstance(event, SnapshotEvent)] == [0, 1, 2, 3]
    steps = [event.record for event in undisturbed if isinstance(event, StepEvent)]
    assert {record.steps_per_epoch for record in steps} == {6}
    for event in (event for event in undisturbed if isinstance(event, EpochEvent)):
        for losses in (event.record.train, event.record.test):
            assert losses.loss == losses.reconstruction > 0
            assert (losses.kl, losses.kl_per_dimension) == (0, ())
        assert event.record.beta == 0


def test_the_test_loss_is_a_plain_mean_of_squares(undisturbed: list[Event], dataset: Dataset) -> None:
    event = next(event for event in undisturbed if isinstance(event, EpochEvent))
    model = config().model
    assert isinstance(model, AutoencoderConfig)
    built = build_models(model, dataset.shape, event.state.weights())
    points, labels = dataset.test.images, dataset.test.labels[:, None].astype(np.float32)
    expected = np.square(np.asarray(built.whole([points, labels])) - points).mean()
    assert event.record.test.loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("lengths", [(1,), (2, 1), (512,)])
def test_chunks_change_nothing(
    dataset: Dataset, undisturbed: list[Event], chunks_of: Callable[..., None], lengths: tuple[int, ...]
) -> None:
    chunks_of(*lengths)
    assert_same(list(train(config(), dataset))[-1].state.weights(), undisturbed[-1].state.weights())


def test_resume_from_any_event_changes_nothing(
    dataset: Dataset, undisturbed: list[Event], chunks_of: Callable[..., None], tmp_path: Path
) -> None:
    chunks_of(2, 1)
    last = {event.record.epoch: event.record for event in undisturbed if isinstance(event, EpochEvent)}
    for number, event in enumerate(train(config(), dataset)):
        folder = tmp_path / str(number)
        folder.mkdir()
        publish_checkpoint(folder, event.state.checkpoint())
        resumed = list(train(config(), dataset, newest_checkpoint(folder)))
        for later in (later for later in resumed if isinstance(later, EpochEvent)):
            expected = last[later.record.epoch]
            assert (later.record.train, later.record.test) == (expected.train, expected.test)
        final = resumed[-1].state.weights() if resumed else event.state.weights()
        assert_same(final, undisturbed[-1].state.weights())


@pytest.mark.parametrize("settings", [{"latent_dim": 100}, {"batch_size": 65_536}, {"batch_size": 1, "epochs": 1}])
def test_codes_and_batches_of_any_size(dataset: Dataset, settings: dict[str, object]) -> None:
    records = [event.record for event in train(config(**settings), dataset) if isinstance(event, EpochEvent)]
    assert all(np.isfinite(record.test.loss) for record in records)


def test_it_learns(dataset: Dataset) -> None:
    seen = train(config(epochs=60, learning_rate=0.01, snapshot_every=60), dataset)
    losses = [event.record.test.loss for event in seen if isinstance(event, EpochEvent)]
    assert losses[-1] < 0.2 * losses[0]
