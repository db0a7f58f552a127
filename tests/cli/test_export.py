"""`cvae export`: files where they were asked for, or one clear sentence and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from cvae_core.cli import main
from cvae_core.runs.run import Run
from cvae_core.runs.status import read_status, write_status
from tests.cli.test_bad_input import fail
from tests.export.small_run import EPOCHS, damage, names_in, small_run

ROOT = Path(__file__).resolve().parents[2]


def export(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["cvae", "export", "small", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--film", "manifold", "--label", "7"], ["manifold_7.gif"]),
        (["--film", "manifold", "--label", "7", "-o", "own.gif"], ["own.gif"]),
        (["--animation", "latent", "--label", "7"], ["z_distr_7.gif"]),
        (["--film", "latent"], ["z_distr.gif"]),
        (["--film", "style", "--sources", "3:2,7:1", "--format", "webp"], ["style.webp"]),
        (["--film", "manifold", "--label", "0", "-o", "m.webp"], ["m.webp"]),
        (["--picture", "style", "--sources", "7:10", "-o", "style.png"], ["style.png"]),
        (["--picture", "latent", "--epoch", "1"], ["z_distr.png"]),
        (["--film", "manifold", "--label", "7", "--across", "3", "--down", "1"], ["manifold_7_z3_z1.gif"]),
        (["--film", "manifold", "--label", "7", "--size", "4", "--code", "0,0,1.5"], ["manifold_7.gif"]),
        (["--picture", "manifold", "--label", "7", "--quantiles", "0.2,0.7", "--pin", "5"], ["manifold_7.png"]),
        (["--picture", "latent", "--principal"], ["z_distr_pc.png"]),
        (["--picture", "style", "--sources", "test:5,7:2", "--invert"], ["style.png"]),
        (
            ["--picture", "samples", "--seed", "3", "--picture", "reconstructions"],
            ["reconstructions.png", "samples.png"],
        ),
    ],
)
def test_files_have_the_names_that_were_asked_for(
    arguments: list[str], names: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(arguments, monkeypatch)
    assert names_in(here) == names
    for name in names:
        with Image.open(here / name) as image:
            assert image.format == Path(name).suffix[1:].upper()
            assert getattr(image, "n_frames", 1) == (1 if name.endswith("png") else len(EPOCHS))


def test_all_labels_go_into_a_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    export(["--film", "manifold", "--film", "latent", "--label", "all", "-o", "films", "--json"], monkeypatch)
    facts = json.loads(capsys.readouterr().out)
    expected = sorted(f"{stem}_{label}.gif" for stem in ("manifold", "z_distr") for label in range(10))
    assert names_in(here / "films") == expected
    assert sorted(Path(file["path"]).name for file in facts["files"]) == expected
    assert facts["run"] == "small"
    assert facts["epochs"] == list(EPOCHS)
    assert facts["skipped_epochs"] == []
    assert {(file["frames"], file["width"]) for file in facts["files"]} == {(4, 452), (4, 572)}


@pytest.mark.parametrize("arguments", [["--film", "latent"], ["--picture", "latent", "--json"]])
def test_the_null_device_may_be_written_and_stays_what_it_is(
    arguments: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export([*arguments, "-o", os.devnull, "--force"], monkeypatch)
    assert Path(os.devnull).is_char_device()
    assert names_in(here) == []


def test_a_named_pipe_gets_the_whole_picture(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(here / "pipe")
    with ThreadPoolExecutor() as pool:
        read = pool.submit((here / "pipe").read_bytes)
        export(["--picture", "latent", "-o", "pipe"], monkeypatch)
    with Image.open(BytesIO(read.result())) as image:
        image.load()
        assert image.format == "PNG"
    assert names_in(here) == ["pipe"]


def test_standard_output_gets_nothing_else(here: Path) -> None:
    command = [sys.executable, "-m", "cvae_core", "runs", "export", "small", "-o", "/dev/stdout"]
    for output in (here / "file.zip", None):
        with output.open("wb") if output else nullcontext(subprocess.PIPE) as stdout:
            ended = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE)
        content = output.read_bytes() if output else ended.stdout
        with zipfile.ZipFile(BytesIO(content)) as archive:
            assert archive.testzip() is None
        assert ended.stderr == b"Written to /dev/stdout.\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "x.mp4"], "should end in .gif or .webp; it is 'x.mp4'"),
        (["-o", "x.gif", "--format", "webp"], "should end in .webp; it is 'x.gif'"),
    ],
)
def test_all_endings_that_would_do_are_named(
    arguments: list[str],
    words: str,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert words in fail(["export", "small", "--film", "latent", *arguments], monkeypatch, capsys)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], ["--animation", "--picture"]),
        (["--film", "latent", "--picture", "latent"], ["--animation", "--picture"]),
        (["--film", "nonsense"], ["nonsense", "manifold"]),
        (["--film", "manifold"], ["label"]),
        (["--film", "manifold", "--label", "10"], ["10", "0 to 9"]),
        (["--film", "manifold", "--label", "-1"], ["-1", "0 to 9"]),
        (["--film", "manifold", "--label", "seven"], ["seven", "0 to 9"]),
        (["--film", "style", "--label", "7"], ["style", "--label"]),
        (["--film", "style", "--sources", "7"], ["LABEL:COUNT", "7"]),
        (["--film", "style", "--sources", "7:99"], ["99"]),
        (["--film", "style", "--sources", "12:1"], ["12", "0 to 9"]),
        (["--film", "latent", "--epoch", "1"], ["--epoch"]),
        (["--film", "latent", "--format", "mp4"], ["mp4", "gif", "webp"]),
        (["--film", "latent", "-o", "film.mp4"], ["film.mp4", ".gif"]),
        (["--film", "latent", "--format", "webp", "-o", "film.gif"], ["film.gif", ".webp"]),
        (["--film", "latent", "--scale", "9"], ["scale", "9"]),
        (["--film", "latent", "--across", "4"], ["latent dimension", "1 to 3", "4"]),
        (["--film", "latent", "--across", "2"], ["differ"]),
        (["--film", "style", "--down", "3"], ["style", "plane"]),
        (["--film", "manifold", "--label", "7", "--quantiles", "0.5"], ["--quantiles", "2 numbers", "0.5"]),
        (["--film", "manifold", "--label", "7", "--size", "31"], ["at most 30", "31"]),
        (["--film", "manifold", "--label", "7", "--code", "1,nan,2"], ["--code", "3 numbers", "nan"]),
        (["--film", "manifold", "--label", "7", "--code", "1,0,2", "--pin", "3"], ["pinned", "either"]),
        (["--film", "manifold", "--label", "7", "--pin", "300"], ["test image", "300"]),
        (["--film", "latent", "-o", "missing/film.gif"], ["missing", "does not exist"]),
        (["--film", "latent", "--label", "all", "-o", "missing/folder"], ["missing", "does not exist"]),
        (["--picture", "latent", "--format", "gif"], ["PNG"]),
        (["--picture", "latent", "-o", "picture.jpg"], ["picture.jpg", ".png"]),
        (["--picture", "latent", "--epoch", "3"], ["epoch 3", "0, 1, 2, 5"]),
        (["--picture", "samples", "--seed", "-1"], ["seed", "-1"]),
        (["--picture", "latent", "--picture", "samples", "--epoch", "3", "-o", "folder"], ["epoch 3"]),
    ],
)
def test_what_makes_no_sense_leaves_nothing(
    arguments: list[str],
    words: list[str],
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = fail(["export", "small", *arguments], monkeypatch, capsys)
    assert all(word in said for word in words), said
    assert names_in(here) == []


@pytest.mark.parametrize("name", ["missing", "a/b", ".."])
def test_a_run_that_is_not_there(
    name: str, here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fail(["export", name, "--film", "latent"], monkeypatch, capsys)
    assert names_in(here) == []


def test_a_run_without_snapshots(
    here: Path, runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_run(runs_folder, "fresh", epochs=())
    assert "no snapshot yet" in fail(["export", "fresh", "--film", "latent"], monkeypatch, capsys)


def test_a_file_that_exists_is_replaced_only_by_force(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "z_distr.png").write_bytes(b"old")
    said = fail(["export", "small", "--picture", "latent"], monkeypatch, capsys)
    assert "exists already" in said
    assert "--force" in said
    assert (here / "z_distr.png").read_bytes() == b"old"
    export(["--picture", "latent", "--force"], monkeypatch)
    assert Image.open(here / "z_distr.png").format == "PNG"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    here.chmod(0o500)
    try:
        assert "cannot be written" in fail(["export", "small", "--film", "latent"], monkeypatch, capsys)
    finally:
        here.chmod(0o700)


def test_an_output_that_no_folder_can_hold(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], here: Path
) -> None:
    (here / "file").write_text("no folder")
    said = fail(["export", "small", "--film", "latent", "-o", "file/film.gif"], monkeypatch, capsys)
    assert "is not a folder" in said
    said = fail(["export", "small", "--picture", "latent", "-o", "/proc/picture.png"], monkeypatch, capsys)
    assert "/proc" in said


def test_damaged_snapshots_are_left_out_on_request(
    here: Path, runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    damage(small_run(runs_folder, "torn"), 1)
    arguments = ["export", "torn", "--film", "manifold", "--label", "7"]
    said = fail(arguments, monkeypatch, capsys)
    assert "epoch 1" in said
    assert "--skip-damaged" in said
    assert names_in(here) == []
    monkeypatch.setattr(sys, "argv", ["cvae", *arguments, "--skip-damaged"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert "epochs 1" in capsys.readouterr().err
    assert Image.open(here / "manifold_7.gif").n_frames == 3


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_nothing_behind(here: Path, runs_folder: Path, number: int) -> None:
    small_run(runs_folder, "long", epochs=tuple(range(120)))
    command = [sys.executable, "-c", "from cvae_core.cli import main; main()", "export", "long"]
    arguments = ["--film", "latent", "--label", "all", "-o", "films"]
    process = subprocess.Popen(
        [*command, *arguments], cwd=here, env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not any(here.glob("films/.tmp-*")):
        time.sleep(0.02)
    assert process.poll() is None
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "nothing was written" in said
    assert names_in(here) == []


def test_every_export_names_its_epoch_and_a_missing_last_snapshot_is_told(
    here: Path, runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(runs_folder / "small")
    write_status(run.status_file, replace(read_status(run.status_file), state="finished", epoch=5))
    export(["--picture", "latent"], monkeypatch)
    said = capsys.readouterr()
    assert "z_distr.png: epoch 5, " in said.out and "missing" not in said.err
    shutil.rmtree(run.snapshots_folder / "000005")
    told = "The snapshot of epoch 5, the last, is missing; the newest is of epoch 2."
    export(["--picture", "latent", "--force"], monkeypatch)
    said = capsys.readouterr()
    assert "z_distr.png: epoch 2, " in said.out and told in said.err
    export(["--film", "latent", "--json"], monkeypatch)
    facts = json.loads(capsys.readouterr().out)
    assert (facts["epochs"], facts["damage"]) == ([0, 1, 2], told)
    refused = fail(["export", "small", "--picture", "latent", "--epoch", "5", "--force"], monkeypatch, capsys)
    assert "There is no snapshot of epoch 5. There are snapshots of epochs 0, 1, 2." in refused
