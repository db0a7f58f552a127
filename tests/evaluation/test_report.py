"""An evaluation contains the results of its parts, each with the same seed, and survives JSON."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cvae_core.config.run import ModelConfig
from cvae_core.data.batching import shifted_at_random
from cvae_core.data.preprocessing import mnist_form
from cvae_core.errors import ConfigError
from cvae_core.evaluation import Evaluation, evaluate
from cvae_core.evaluation.classification import classify
from cvae_core.evaluation.morphology import style_kept
from cvae_core.inference.folded import FoldedNetwork
from tests.export.small_run import SHAPE
from tests.networks import random_split, random_weights

MODEL = ModelConfig(latent_dim=3, hidden_widths=(12,))
SPLIT = random_split(SHAPE, 60)


def network(model: ModelConfig = MODEL) -> FoldedNetwork:
    return FoldedNetwork(model, SHAPE, random_weights(model, SHAPE, 3))


def test_an_evaluation_contains_the_results_of_its_parts() -> None:
    reported: list[tuple[int, int]] = []
    found = evaluate(network(), SPLIT, seed=5, sources=40, progress=lambda done, total: reported.append((done, total)))
    best = classify(network(), SPLIT.images).elbo.argmax(axis=1)
    shifted = shifted_at_random(SPLIT.images, 4, 5)
    moved = classify(network(), shifted).elbo.argmax(axis=1)
    in_form = np.stack([np.rint(255 * mnist_form(image, SHAPE)) for image in shifted]).astype(np.uint8)
    again = classify(network(), in_form).elbo.argmax(axis=1)
    assert found.images == 60
    assert found.accuracy == pytest.approx(np.mean(best == SPLIT.labels))
    assert found.accuracy_shifted == pytest.approx(np.mean(moved == SPLIT.labels))
    assert found.accuracy_preprocessed == pytest.approx(np.mean(again == SPLIT.labels))
    expected = style_kept(network(), SPLIT, 40, 5)
    np.testing.assert_array_equal(found.style.slant, expected.slant)
    assert found.style.median_thickness == expected.median_thickness
    assert [done for done, _ in reported] == sorted(done for done, _ in reported)
    assert {total for _, total in reported} == {reported[-1][0]}


def test_an_evaluation_survives_json_with_undefined_correlations() -> None:
    found = evaluate(network(), SPLIT.first(4), sources=4)
    assert np.isnan(found.style.slant).all()  # labels with fewer than three images
    again = Evaluation.from_json(json.loads(json.dumps(found.to_json(), allow_nan=False)))
    assert again.to_json() == found.to_json()
    np.testing.assert_array_equal(again.style.slant, found.style.slant)
    assert again.accuracy_sentence() == found.accuracy_sentence()
    assert "nan" not in again.style.sentence()


def test_only_networks_with_a_condition_are_evaluated() -> None:
    with pytest.raises(ConfigError, match="condition"):
        evaluate(network(ModelConfig(latent_dim=3, hidden_widths=(12,), conditional=False)), SPLIT)


def test_an_error_in_progress_ends_the_work() -> None:
    def stop(done: int, total: int) -> None:
        if done > total // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        evaluate(network(), SPLIT, sources=60, progress=stop)
