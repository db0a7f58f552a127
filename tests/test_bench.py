"""The benchmark has the report that scripts rely on, and a fair baseline."""

from __future__ import annotations

from dataclasses import asdict

import numpy as np
import pytest

from cvae_core.bench import bench, tutorial_loss

pytestmark = pytest.mark.slow


@pytest.mark.alone
def test_the_report_is_complete_and_ours_is_faster() -> None:
    reported: list[str] = []
    report = asdict(bench(reported.append, turns=1))
    assert {name: set(part) for name, part in report.items() if name != "machine"} == {
        "epoch_s": {"ours", "keras_fit", "matmul"},
        "ratio": {"ours_to_keras_fit", "ours_to_matmul"},
        "snapshot_ms": {"ours", "predict_one_by_one"},
        "decode_2250_ms": {"ours", "predict_one_by_one"},
        "torn_manifold_s": {"ours", "ours_cpu", "keras_fit"},
    }
    epoch, ratio = report["epoch_s"], report["ratio"]
    assert ratio["ours_to_keras_fit"] == pytest.approx(epoch["ours"] / epoch["keras_fit"])
    assert ratio["ours_to_matmul"] == pytest.approx(epoch["ours"] / epoch["matmul"])
    assert epoch["ours"] < epoch["keras_fit"]
    assert report["decode_2250_ms"]["ours"] < report["decode_2250_ms"]["predict_one_by_one"] / 100
    assert report["torn_manifold_s"]["ours"] < report["torn_manifold_s"]["keras_fit"] / 2
    assert report["machine"]["cores"] >= 1
    assert reported


def test_the_keras_baseline_minimises_the_loss_of_the_tutorial() -> None:
    random = np.random.default_rng(1)
    image = random.random((3, 784))
    decoded = random.uniform(0.05, 0.95, (3, 784))
    z_mean, z_log_var = random.normal(size=(2, 3, 8))
    output = np.concatenate([decoded, z_mean, z_log_var], 1).astype(np.float32)
    cross_entropy = -(image * np.log(decoded) + (1 - image) * np.log(1 - decoded)).sum(1)
    kl = -0.5 * (1 + z_log_var - z_mean**2 - np.exp(z_log_var)).sum(1)
    expected = (cross_entropy + kl) / 2 / 784
    np.testing.assert_allclose(np.asarray(tutorial_loss(image.astype(np.float32), output)), expected, rtol=1e-4)
