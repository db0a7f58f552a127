"""An exported network gives the same results without this package, and its script draws."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cvae_core.architecture import DataShape
from cvae_core.config.presets import preset
from cvae_core.config.run import ModelSettings, RunConfig
from cvae_core.data import dataset_shape
from cvae_core.errors import ExportError, ExportStoppedError, RunNotFoundError
from cvae_core.export import draw_digits
from cvae_core.export.keras_export import build_whole, drawing_script, export_network, save_keras
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import load_snapshot, publish_snapshot
from cvae_core.runs.status import Status, write_status
from tests.export.small_run import damage, names_in, small_run
from tests.networks import one_hot, random_weights
from tests.runs.examples import small_disk

PLAIN_KERAS = Path(__file__).with_name("plain_keras.py")
COUNT = 7
CASES: dict[str, RunConfig] = {
    "conditional": preset("tutorial").with_settings({"hidden_widths": (20, 12), "batch_normalization": "after"}),
    "before": preset("recommended").with_settings({"hidden_widths": (16,), "batch_normalization": "before"}),
    "unconditional": preset("quick").with_settings({"conditional": False, "hidden_widths": (16,)}),
    "clothes": preset("quick").with_settings({"dataset": "fashion_mnist", "hidden_widths": (16,)}),
    "torn": preset("torn-manifold"),
    "torn with number": preset("torn-manifold-conditional"),
    "torn with one-hot": preset("torn-manifold-conditional").with_settings({"label_code": "one_hot"}),
}


def run_of(folder: Path, name: str, config: RunConfig) -> Run:
    run = create_run(folder, config, name.replace(" ", "-"))
    weights = random_weights(config.model, dataset_shape(config.data))  # type: ignore[arg-type]
    publish_snapshot(run.snapshots_folder, 3, weights)
    return run


def label_input(labels: np.ndarray, model: ModelSettings, shape: DataShape) -> np.ndarray:
    return one_hot(labels, shape) if model.label_code == "one_hot" else labels[:, None].astype(np.float32)


class Case:
    """What is fed to a network, and what the folded network makes of it."""

    def __init__(self, run: Run) -> None:
        config, random = run.config(), np.random.default_rng(5)
        shape = dataset_shape(config.data)
        folded = FoldedNetwork(config.model, shape, load_snapshot(run.snapshots_folder, 3))
        image = random.random((COUNT, *shape.image_shape)).astype(np.float32)
        z = random.standard_normal((COUNT, config.model.latent_dim)).astype(np.float32)
        labels, targets = random.integers(0, shape.n_classes, (2, COUNT))
        conditional = config.model.conditional
        self.inputs: dict[str, Any] = {"image": image, "z": z}
        if conditional:
            self.inputs |= {
                "label": label_input(labels, config.model, shape),
                "target": label_input(targets, config.model, shape),
            }
        z_mean, z_log_var = folded.encode(image, labels)
        variational = folded.architecture.is_variational
        end = targets if conditional and variational else labels
        self.outputs = {
            "encoded": np.stack([z_mean, z_log_var] if variational else [z_mean]),
            "decoded": folded.decode(z, labels),
            "whole": folded.decode(z_mean, end),
            "served": folded.decode(z, labels),
        }


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each network in a folder of its own, loaded by a process that cannot import this project."""
    runs, home = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("home")
    folders = {name: home / name for name in CASES}
    for name, folder in folders.items():
        folder.mkdir()
        run = run_of(runs, name, CASES[name])
        export_network(run, folder / "model.keras", folder / "decoder")
        case = Case(run)
        np.savez(folder / "inputs.npz", **case.inputs)
        np.savez(folder / "expected.npz", **case.outputs)
    command = [sys.executable, "-I", str(PLAIN_KERAS), *map(str, folders.values())]
    result = subprocess.run(command, cwd=home, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr[-3000:]
    return folders


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_plain_keras_gives_what_the_folded_network_gives(name: str, homes: dict[str, Path]) -> None:
    found, expected = (np.load(homes[name] / f"{kind}.npz") for kind in ("outputs", "expected"))
    assert set(found.files) == set(expected.files)
    for key in expected.files:
        assert found[key].shape == expected[key].shape, key
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-5, atol=1e-5, err_msg=key)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_script_draws_where_there_are_images(name: str, homes: dict[str, Path]) -> None:
    script = {"clothes": {"draw_images.py"}}.get(name, set() if name.startswith("torn") else {"draw_digits.py"})
    drawn = {"drawn.png"} if script else set()
    files = {"model.keras", "decoder", "inputs.npz", "outputs.npz", "expected.npz"}
    assert set(names_in(homes[name])) == files | script | drawn
    if drawn:
        with Image.open(homes[name] / "drawn.png") as picture:
            rows = 3 if name == "unconditional" else 4  # the last is one of style transfer
            assert picture.size == (10 * 56, rows * 56)
            assert len(np.unique(np.asarray(picture))) > 20


def test_the_script_needs_only_what_it_says() -> None:
    tree = ast.parse(drawing_script("model.keras"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names} | {
        node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)
    }
    assert imported == {"argparse", "pathlib", "sys", "keras", "numpy", "PIL"}


def test_the_script_names_missing_packages(tmp_path: Path) -> None:
    (tmp_path / "draw.py").write_text(drawing_script("model.keras"))
    (tmp_path / "keras.py").write_text("import jax_of_nobody")
    ended = subprocess.run([sys.executable, tmp_path / "draw.py"], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("No module named 'jax_of_nobody'. This script needs keras, its backend")
    assert "Traceback" not in ended.stderr


# The keywords that Keras 3.5 accepts for all that the files are made of. A keyword beyond these makes it refuse a file.
OF_EVERY_LAYER = {"name", "trainable", "dtype", "activity_regularizer", "autocast"}
KERAS_3_5: dict[str, set[str]] = {
    "Functional": {"name", "trainable", "layers", "input_layers", "output_layers"},
    "InputLayer": OF_EVERY_LAYER | {"shape", "batch_shape", "batch_size", "sparse", "optional", "input_tensor"},
    "Activation": OF_EVERY_LAYER | {"activation"},
    "BatchNormalization": OF_EVERY_LAYER
    | {"axis", "momentum", "epsilon", "center", "scale", "synchronized"}
    | {"beta_initializer", "gamma_initializer", "moving_mean_initializer", "moving_variance_initializer"}
    | {"beta_regularizer", "gamma_regularizer", "beta_constraint", "gamma_constraint"},
    "Concatenate": OF_EVERY_LAYER | {"axis"},
    "Dense": OF_EVERY_LAYER
    | {"units", "activation", "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer"}
    | {"bias_regularizer", "kernel_constraint", "bias_constraint", "lora_rank"},
    "Dropout": OF_EVERY_LAYER | {"rate", "noise_shape", "seed"},
    "ELU": OF_EVERY_LAYER | {"alpha"},
    "Flatten": OF_EVERY_LAYER | {"data_format"},
    "LeakyReLU": OF_EVERY_LAYER | {"negative_slope"},
    "ReLU": OF_EVERY_LAYER | {"max_value", "negative_slope", "threshold"},
    "Reshape": OF_EVERY_LAYER | {"target_shape"},
    "GlorotUniform": {"seed"},
    "Ones": set(),
    "Zeros": set(),
    "DTypePolicy": {"name"},
    "__keras_tensor__": {"shape", "dtype", "keras_history"},
}


def keywords_in(config: Any) -> Iterator[tuple[str, set[str]]]:
    """Each class in a model's configuration, with the keywords that it is given."""
    if isinstance(config, dict) and "class_name" in config:
        yield config["class_name"], set(config["config"])
    for part in config.values() if isinstance(config, dict) else config if isinstance(config, list) else ():
        yield from keywords_in(part)


def test_every_keras_since_3_5_knows_the_keywords(tmp_path: Path) -> None:
    pairs = (("relu", "leaky_relu"), ("elu", "gelu"), ("silu", "tanh"))
    settings = [{"encoder_activation": a, "decoder_activation": b, "hidden_widths": (4,)} for a, b in pairs]
    configs = [CASES["conditional"], CASES["before"], CASES["torn"], *map(preset("quick").with_settings, settings)]
    found: dict[str, set[str]] = {}
    for config in configs:
        shape = dataset_shape(config.data)
        whole = build_whole(config.model, shape, random_weights(config.model, shape))  # type: ignore[arg-type]
        save_keras(whole, tmp_path / "model.keras")
        with zipfile.ZipFile(tmp_path / "model.keras") as archive:
            for name, keywords in keywords_in(json.loads(archive.read("config.json"))):
                found[name] = found.get(name, set()) | keywords
    assert set(found) == set(KERAS_3_5)
    assert {name: keywords - KERAS_3_5[name] for name, keywords in found.items() if keywords - KERAS_3_5[name]} == {}


@pytest.mark.parametrize("name", ['sev"en\\.keras', "sieben\N{GRINNING FACE}ü.keras", "bytes\udcff.keras"])
def test_the_script_knows_its_file(name: str) -> None:
    (line,) = [line for line in drawing_script(name).splitlines() if line.startswith("MODEL = ")]
    assert ast.literal_eval(line.removeprefix("MODEL = ")) == name


def test_the_model_is_named_after_what_it_does() -> None:
    names = {"conditional": "style_transfer", "unconditional": "reconstruction", "torn": "autoencoder"}
    for case, name in names.items():
        config = CASES[case]
        shape = dataset_shape(config.data)
        whole = build_whole(config.model, shape, random_weights(config.model, shape))  # type: ignore[arg-type]
        assert whole.name == name
        assert {"encoder", "decoder"} <= {layer.name for layer in whole.layers}


def test_an_epoch_can_be_chosen(tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs")
    made = export_network(run, tmp_path / "model.keras", None, 1)
    assert (made.epoch, made.saved_model) == (1, None)
    assert export_network(run, tmp_path / "new.keras", None, replace=True).epoch == 5
    with pytest.raises(RunNotFoundError, match="no snapshot of epoch 3"):
        export_network(run, tmp_path / "third.keras", None, 3)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def refused(run: Run, home: Path, *arguments: Any, **options: Any) -> str:
    before = names_in(home)
    with pytest.raises((ExportError, RunNotFoundError)) as caught:
        export_network(run, *arguments, **options)
    assert names_in(home) == before
    return str(caught.value)


def test_existing_files_are_not_replaced(home: Path, tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs")
    for name in ("model.keras", "draw_digits.py"):
        (home / name).write_text("mine")
        assert f"{name} exists already" in refused(run, home, home / "model.keras", None)
        assert (home / name).read_text() == "mine"
        (home / name).unlink()
    (home / "decoder").mkdir()
    for replace in (False, True):
        assert "decoder exists already" in refused(run, home, home / "model.keras", home / "decoder", replace=replace)
    assert "does not exist" in refused(run, home, home / "missing" / "model.keras", None)
    assert "does not exist" in refused(run, home, None, home / "missing" / "decoder")


@pytest.mark.parametrize("last", [1, 2, 3, 4])
def test_an_export_can_be_stopped_after_each_step(home: Path, tmp_path: Path, last: int) -> None:
    reported: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> None:
        reported.append((done, total))
        if done == last:
            raise ExportStoppedError

    with pytest.raises(ExportStoppedError):
        export_network(small_run(tmp_path / "runs"), home / "model.keras", home / "decoder", progress=progress)
    assert reported == [(step, 4) for step in range(1, last + 1)]
    assert names_in(home) == []


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    run = small_run(tmp_path / "runs")
    with small_disk(tmp_path / "disk", size="64k") as disk:
        assert "could not be written" in refused(run, disk, disk / "model.keras", None)
        said = refused(run, disk, None, disk / "decoder")
        reason = "No space left on device. Free some space, then try again."
        assert said == f"{disk / 'decoder'} could not be written: {reason} Nothing was changed."


def test_runs_without_a_readable_snapshot(home: Path, tmp_path: Path) -> None:
    fresh = small_run(tmp_path / "runs", "fresh", epochs=())
    assert "no snapshot yet" in refused(fresh, home, home / "model.keras", None)
    write_status(fresh.status_file, Status("finished", 5, epoch=5))
    assert "snapshots of the finished run fresh are missing" in refused(fresh, home, home / "model.keras", None)
    torn = small_run(tmp_path / "runs", "torn")
    damage(torn, 5)
    with pytest.raises(Exception, match="epoch 5 is damaged"):
        export_network(torn, home / "model.keras", None)
    assert names_in(home) == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--rows", "0"], "--rows expects a whole number from 1 to 100; it is 0"),
        (["--rows", "-1"], "--rows expects"),
        (["--rows", "101"], "--rows expects"),
        (["--seed", "-1"], "--seed expects a whole number of at least 0; it is -1"),
        (["-o", "picture"], "should end as pictures do, such as .png; it is 'picture'"),
        (["-o", "picture.mp5"], "should end as pictures do"),
        (["-o", "missing/picture.png"], "the folder missing does not exist"),
        (["missing.keras"], "missing.keras is no model that this script can draw with"),
        (["words.keras"], "words.keras is no model that this script can draw with"),
    ],
)
def test_the_script_refuses_invalid_options(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "words.keras").write_text("no model")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["draw_digits.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        draw_digits.main()
    assert ended.value.code == 2
    assert words in capsys.readouterr().err
    assert names_in(tmp_path) == ["words.keras"]
