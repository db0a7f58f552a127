from dataclasses import replace

import numpy as np
import pytest

from cvae_core.analysis.reconstruction import reconstruction_losses
from cvae_core.architecture import DataShape
from cvae_core.config.run import ModelConfig
from cvae_core.errors import ConfigError, DataError
from cvae_core.evaluation.classification import accuracy, classify
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Split
from tests.analysis.toy_network import ToyNetwork, ToyNetworkWithLogits
from tests.networks import random_split, random_weights

SHAPE = DataShape(5, 4, 3, 4)


class FlatGrey(ToyNetwork):
    """Under label y every pixel is (y + 1) / 5, and z is y ones; the variance of z is 1/4."""

    def encode(self, images, labels):
        z = np.tile(labels[:, None], (1, self.architecture.latent_dim)).astype(np.float32)
        return z, np.full_like(z, np.log(0.25))

    def decode(self, z, labels):
        pixels = self.architecture.shape.pixels
        return np.repeat((labels[:, None] + 1) / 5, pixels, axis=1).astype(np.float32)


def test_the_elbo_is_the_closed_form():
    image = np.full((1, 5, 4, 3), 102, np.uint8)  # 0.4, what label 1 draws
    record = classify(FlatGrey(), image)
    p = np.arange(1, 5) / 5
    bernoulli = 60 * (0.4 * np.log(p) + 0.6 * np.log(1 - p))
    kl = 3 * (np.arange(4) ** 2 + 0.25 - np.log(0.25) - 1) / 2
    assert np.allclose(record.elbo[0], bernoulli - kl, rtol=1e-5)
    expected = np.exp(bernoulli - kl)
    assert np.allclose(record.odds[0], expected / expected.sum(), rtol=1e-4)
    assert record.ranking[0].tolist() == np.argsort(-(bernoulli - kl)).tolist()


@pytest.mark.parametrize("kind", [ToyNetwork, ToyNetworkWithLogits])
def test_the_elbo_of_the_own_label_is_the_reconstruction_loss_and_the_kl(kind):
    network, split = kind(), random_split(SHAPE, 9)
    record = classify(network, split.images)
    mean, log_var = (part.astype(np.float64) for part in network.encode(split.images, split.labels))
    kl = 0.5 * (mean**2 + np.exp(log_var) - log_var - 1).sum(axis=1)
    own = record.elbo[np.arange(9), split.labels]
    assert np.allclose(own, -reconstruction_losses(network, split) - kl, rtol=1e-5)
    many = classify(network, np.tile(split.images, (1000, 1, 1, 1)))  # more than are decoded at a time
    assert np.allclose(many.elbo[-9:], record.elbo, rtol=1e-6)


def test_odds_are_probabilities_in_the_order_of_the_ranking():
    model = ModelConfig(latent_dim=2, hidden_widths=(6,))
    weights = random_weights(model, SHAPE)
    weights["output/kernel"] *= 1000  # logits far from zero, whose exponentials underflow
    network, images = FoldedNetwork(model, SHAPE, weights), random_split(SHAPE, 30).images
    with np.errstate(all="raise"):
        record = classify(network, images)
    assert record.elbo.shape == record.odds.shape == record.ranking.shape == (30, 4)
    assert np.allclose(record.odds.sum(axis=1), 1.0) and (record.odds >= 0).all()
    assert (np.sort(record.ranking, axis=1) == np.arange(4)).all()
    assert (np.diff(np.take_along_axis(record.odds, record.ranking, axis=1), axis=1) <= 0).all()


def test_equal_labels_are_ranked_by_number():
    class IgnoresLabels(FlatGrey):
        def encode(self, images, labels):
            return super().encode(images, np.zeros_like(labels))

        def decode(self, z, labels):
            return super().decode(z, np.zeros_like(labels))

    record = classify(IgnoresLabels(), random_split(SHAPE, 2).images)
    assert record.ranking.tolist() == [[0, 1, 2, 3]] * 2 and np.allclose(record.odds, 0.25)


def test_accuracy_is_the_share_of_correct_first_ranks():
    shades = np.array([51, 102, 102, 153], np.uint8)[:, None, None, None] * np.ones((1, 5, 4, 3), np.uint8)
    right = classify(FlatGrey(), shades).ranking[:, 0]
    labels = right.copy()
    assert accuracy(FlatGrey(), Split(shades, labels)) == 1.0
    labels[1] = 3 - labels[1]
    assert accuracy(FlatGrey(), Split(shades, labels)) == 0.75


def test_networks_that_cannot_classify_are_refused():
    model = ModelConfig(hidden_widths=(3,), conditional=False)
    network = FoldedNetwork(model, SHAPE, random_weights(model, SHAPE))
    with pytest.raises(ConfigError, match="condition on labels"):
        classify(network, random_split(SHAPE, 2).images)
    autoencoder = ToyNetwork()
    autoencoder.architecture = replace(autoencoder.architecture, z_log_var=None)
    with pytest.raises(ConfigError, match="has no posterior"):
        classify(autoencoder, random_split(SHAPE, 2).images)
    with pytest.raises(DataError, match="at least one image"):
        accuracy(ToyNetwork(), random_split(SHAPE, 0))
    assert classify(ToyNetwork(), random_split(SHAPE, 0).images).odds.shape == (0, 4)
