"""What docs/extending.md promises: a module from outside adds a data set, a likelihood, a model kind and a metric."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from cvae_core import train
from cvae_core.architecture import plan
from cvae_core.config.run import RunConfig
from cvae_core.data import class_names_of, load_dataset
from cvae_core.errors import CvaeError
from cvae_core.inference import FoldedNetwork
from cvae_core.likelihoods import BERNOULLI, SQUARED_ERROR, likelihood
from cvae_core.models.keras_models import build_models
from cvae_core.models.network import condition_of, forward
from cvae_core.training.state import EpochEvent, SnapshotEvent
from tests import extending_plugin as plugin

CONFIG = RunConfig(
    data={"dataset": "stripes"},
    model={"kind": "gated", "likelihood": "gaussian", "latent_dim": 2, "hidden_widths": (12, 10), "gates": 5},
    train={"epochs": 2, "batch_size": 40, "learning_rate": 0.01},
)


@pytest.mark.parametrize("own", [BERNOULLI, SQUARED_ERROR, plugin.Gaussian()])
def test_both_forms_of_a_likelihood_agree(own) -> None:
    generator = np.random.default_rng(0)
    targets = generator.random((5, 7), np.float32)
    outputs = generator.normal(0, 3, (5, 7 * own.parameters_per_pixel)).astype(np.float32)
    np.testing.assert_allclose(
        -own.log_probability(targets, outputs), own.negative_log_probability(targets, outputs), 1e-4
    )
    assert own.mean(outputs).shape == targets.shape


def test_an_unknown_likelihood_or_kind_is_refused_and_the_known_ones_are_offered() -> None:
    with pytest.raises(CvaeError, match=r"no likelihood 'poisson'\. The likelihoods are: bernoulli, squared_error"):
        likelihood("poisson")
    with pytest.raises(CvaeError, match=r"no model kind 'gan'\. The model kinds are: cvae, autoencoder"):
        RunConfig(model={"kind": "gan"})


def test_settings_of_an_added_kind_survive_json() -> None:
    again = RunConfig.from_json(CONFIG.to_json())
    assert again == CONFIG
    assert isinstance(again.model, plugin.GatedConfig) and again.model.gates == 5
    assert again.with_settings({"gates": 3}).model.gates == 3  # type: ignore[union-attr]


def test_an_added_model_learns_and_numpy_decodes_as_tensorflow_does() -> None:
    dataset = load_dataset(CONFIG.data)
    events = list(train(CONFIG, dataset))
    weights = next(event for event in reversed(events) if isinstance(event, SnapshotEvent)).state.weights()
    losses = [event.record.test.loss for event in events if isinstance(event, EpochEvent)]
    assert losses[-1] < losses[0]
    assert_same_in_tensorflow(weights, FoldedNetwork(CONFIG.model, dataset.shape, weights), dataset.test)
    with pytest.raises(CvaeError, match=r"Keras models cannot have the operation encoder/gates \(GatedLayer\)"):
        build_models(CONFIG.model, dataset.shape, weights)


def assert_same_in_tensorflow(weights, network: FoldedNetwork, test) -> None:
    architecture = plan(CONFIG.model, network.architecture.shape)
    images = test.images.reshape(len(test), -1).astype(np.float32) / 255
    condition = condition_of(architecture, tf.constant(test.labels, tf.int32))
    passed = forward(architecture, weights, images, condition, np.zeros((len(test), 2), np.float32))
    z_mean, z_log_var = network.encode(test.images, test.labels)
    np.testing.assert_allclose(z_mean, passed.z_mean, atol=1e-4)
    np.testing.assert_allclose(z_log_var, passed.z_log_var, atol=1e-4)
    np.testing.assert_allclose(network.decode_outputs(z_mean, test.labels), passed.outputs, atol=1e-4)
    assert network.decode(z_mean, test.labels).shape == test.images.shape


def test_a_worker_process_trains_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parents[1]))
    monkeypatch.setenv("CVAE_PLUGINS", plugin.__name__)
    run = train(CONFIG, name="outside", folder=tmp_path)
    assert (run.state, run.epochs) == ("finished", (0, 1, 2))
    assert class_names_of(run.config()) == plugin.NAMES
    test = run.dataset().test
    images = run.network().reconstruct(test.images, test.labels)
    assert images.shape == (40, 6, 6, 1)
    assert run.metrics["extra_brightness"].iloc[-1] == pytest.approx(float(images.mean()), rel=1e-5)
