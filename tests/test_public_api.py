"""What others import: it is there, typed, and loads TensorFlow only when it trains."""

from __future__ import annotations

import inspect
import subprocess
import sys
import time
import zipfile
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import cvae_core
from cvae_core.errors import ConfigError, ExportError, RunError, TrainingError
from cvae_core.records import EpochRecord, Losses
from cvae_core.runs.metrics import MetricsWriter
from tests.dashboard.run_states import make_run
from tests.export.small_run import EPOCHS, small_run

LIGHT = """
import sys
import cvae_core
from cvae_core import *
assert set(cvae_core.__all__) <= set(dir(cvae_core))
assert (presets.quick().preset, __version__) == ("quick", sys.argv[1])
assert presets["quick"] == preset("quick") == presets.quick()
load_dataset(presets["quick"].data)
"""
FOREIGN = """
from cvae_core import load_dataset, load_run, presets, train
config = presets.quick().with_settings({"epochs": 5})
reveal_type([config, load_dataset(config.data), load_run("a"), train])
train("config", name="first")
for event in train(config, load_dataset(config.data)): reveal_type(event)
reveal_type(load_run("a").network(1).elbo)
presets.nosuch()
from cvae_core import nosuch
"""


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True)


def test_a_run_that_is_no_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="The name of a run should be text; it is 5"):
        cvae_core.load_run(5, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(RunError) as caught:
        cvae_core.load_run("missing", tmp_path)
    assert "page" not in str(caught.value)


def test_every_public_name_comes_without_tensorflow() -> None:
    script = LIGHT.replace("from cvae_core import *", f"from cvae_core import {', '.join(cvae_core.__all__)}")
    ended = run("-c", f"{script}\nassert not {{'tensorflow', 'keras'}} & set(sys.modules)", version("cvae-laboratory"))
    assert ended.returncode == 0, ended.stderr


def test_a_star_import_gives_every_public_name() -> None:
    ended = run("-c", LIGHT, cvae_core.__version__)
    assert ended.returncode == 0, ended.stderr


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="nosuch"):
        _ = cvae_core.nosuch  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", [["-m", "cvae_core"], ["-c", "from cvae_core.cli import main; main()"]])
def test_the_command_tells_its_version(command: list[str]) -> None:
    assert run(*command, "--version").stdout == f"cvae {version('cvae-laboratory')}\n"


@pytest.mark.slow
def test_type_checkers_of_other_projects_see_our_types(tmp_path: Path) -> None:
    (tmp_path / "foreign.py").write_text(FOREIGN)
    said = run("-m", "mypy", "--strict", "foreign.py", cwd=tmp_path).stdout
    assert "Found 3 errors in 1 file" in said, said
    for words in (
        'note: Revealed type is "list[object]"',
        'error: No overload variant of "train" matches argument types "str", "str"',
        'Revealed type is "cvae_core.training.state.StepEvent | ',
        "def (images: numpy.ndarray",
        '"Presets" has no attribute "nosuch"',
        'Module "cvae_core" has no attribute "nosuch"',
    ):
        assert words in said, said


def test_the_help_is_a_page_with_a_tour_and_every_name() -> None:
    ended = run("-c", "import cvae_core, sys; help(cvae_core); assert 'tensorflow' not in sys.modules")
    assert ended.returncode == 0, ended.stderr
    for name in ("A short tour", "VERSION", *cvae_core.__all__[:-1]):
        assert name in ended.stdout
    assert all(inspect.getdoc(getattr(cvae_core, name)) for name in cvae_core.__all__[:-1])


def test_presets_are_configurations_by_name() -> None:
    assert list(cvae_core.presets)[:3] == ["quick", "recommended", "tutorial"]
    assert all(config.preset == name for name, config in cvae_core.presets.items())
    with pytest.raises(KeyError):
        cvae_core.presets["nosuch"]


def test_a_run_is_opened_by_name_or_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = small_run(tmp_path, "own").path
    found = cvae_core.load_run("own", tmp_path)
    monkeypatch.setenv("CVAE_RUNS", str(tmp_path))
    assert found == cvae_core.load_run(path) == cvae_core.load_run(str(path)) == cvae_core.load_run("own")
    assert (found.epochs, found.state) == (EPOCHS, "interrupted")


def test_the_network_of_an_epoch_encodes_decodes_and_has_an_elbo(tmp_path: Path) -> None:
    found = cvae_core.load_run(small_run(tmp_path).path)
    test = found.dataset().test.first(20)
    network = found.network(2)
    z_mean, z_log_var = network.encode(test.images, test.labels)
    p = np.clip(network.decode(z_mean, test.labels).astype(np.float64), 1e-12, 1 - 1e-12)
    x = test.images / 255.0
    log_probability = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3))
    kl = 0.5 * (z_mean.astype(np.float64) ** 2 + np.exp(z_log_var) - z_log_var - 1).sum(axis=1)
    np.testing.assert_allclose(network.elbo(test.images, test.labels), log_probability - kl, rtol=1e-4)
    np.testing.assert_allclose(network.elbo(x, np.eye(10)[test.labels]), log_probability - kl, rtol=1e-4)
    newest = found.network().encode(test.images, test.labels)[0]
    np.testing.assert_array_equal(newest, found.network(5).encode(test.images, test.labels)[0])


def test_metrics_are_a_data_frame(tmp_path: Path) -> None:
    found = cvae_core.load_run(small_run(tmp_path).path)
    assert len(found.metrics) == 0
    with MetricsWriter(found.metrics_file) as writer:
        for epoch in (1, 2):
            losses = Losses(100.0 / epoch + 4.0, 100.0 / epoch, 4.0, (1.0, 3.0, 0.0))
            writer.append(EpochRecord(epoch, losses, losses, 1.5, 1e-3, 1.0))
    metrics = found.metrics
    assert metrics.index.name == "epoch" and metrics.index.tolist() == [1, 2]
    assert metrics["test_reconstruction"].tolist() == [100.0, 50.0]
    assert metrics["test_kl_z2"].tolist() == [3.0, 3.0]
    assert {"train_loss", "test_kl", "seconds", "learning_rate", "beta"} < set(metrics.columns)


def test_an_evaluation_of_a_run_or_of_a_network(tmp_path: Path) -> None:
    found = cvae_core.load_run(make_run(tmp_path, "done", "finished", 2).path)
    test = found.dataset().test
    result = cvae_core.evaluate(found, epoch=2, seed=3)
    assert result.to_json() == cvae_core.evaluate(found.network(), test, seed=3).to_json()
    assert 0 <= result.accuracy <= 1
    with pytest.raises(ConfigError, match="needs test images"):
        cvae_core.evaluate(found.network())


def test_exports_are_files(tmp_path: Path) -> None:
    found = cvae_core.load_run(small_run(tmp_path).path)
    animation = cvae_core.export_animation(found, tmp_path / "manifold.webp", label=7)
    with Image.open(animation) as image:
        assert getattr(image, "n_frames", 1) == len(EPOCHS)
    with zipfile.ZipFile(cvae_core.export_archive(found, tmp_path / "run.zip", "last")) as archive:
        assert "manifest.json" in archive.namelist()
    with pytest.raises(ExportError, match="already"):
        cvae_core.export_archive(found, tmp_path / "run.zip")
    with pytest.raises(ConfigError, match=r"must end in \.gif or \.webp"):
        cvae_core.export_animation(found, tmp_path / "film.mp4", "latent")
    with pytest.raises(ConfigError, match=r"must end in \.keras"):
        cvae_core.export_keras(found, tmp_path / "model.h5")


SMALL = {"epochs": 2, "train_limit": 200, "test_limit": 60, "hidden_widths": (8,), "latent_dim": 2}


@pytest.mark.slow
def test_a_training_reports_its_progress_and_returns_its_run(tmp_path: Path) -> None:
    seen = []
    config = cvae_core.preset("quick").with_settings(SMALL)
    found = cvae_core.train(config, name="own", folder=tmp_path, progress=seen.append)
    assert (found.path, found.state, found.epochs[-1]) == (tmp_path / "own", "finished", 2)
    assert len(found.metrics) == 2
    assert seen[-1].progress == 1.0
    assert cvae_core.export_keras(found, tmp_path / "model.keras").is_file()


@pytest.mark.slow
def test_an_error_in_the_callback_stops_the_training(tmp_path: Path) -> None:
    def refuse(status: object) -> None:
        raise KeyboardInterrupt

    config = cvae_core.preset("quick").with_settings({**SMALL, "epochs": 1000})
    with pytest.raises(KeyboardInterrupt):
        cvae_core.train(config, name="own", folder=tmp_path, progress=refuse)
    found = cvae_core.load_run("own", tmp_path)
    end = time.monotonic() + 60
    while found.state != "stopped":
        assert time.monotonic() < end
        time.sleep(0.1)


@pytest.mark.faults
@pytest.mark.slow
def test_a_failed_training_says_why(tmp_path: Path) -> None:
    diverging = {**SMALL, "learning_rate": 1.0, "hidden_widths": (8,) * 6}
    config = cvae_core.preset("quick").with_settings(diverging)
    with pytest.raises(TrainingError, match="learning rate"):
        cvae_core.train(config, name="own", folder=tmp_path)
