"""What a training will cost is told before it starts, and too much of it is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cvae_core.architecture import plan
from cvae_core.cli import main
from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.data import dataset_shape
from cvae_core.errors import ConfigError, CvaeError, StorageError
from cvae_core.models.keras_models import build_models
from cvae_core.runs.run import create_run
from cvae_core.runs.snapshots import Checkpoint, publish_checkpoint, publish_snapshot, scheduled_epochs
from cvae_core.runs.status import Status, write_status
from cvae_core.runs.summary import disk_use, overviews
from cvae_core.training.state import starting_state
from cvae_core.workers.quotas import (
    Limits,
    check_admission,
    check_resources,
    free_disk,
    machine_memory,
    measured_seconds,
    time_words,
    training_cost,
)
from tests.networks import random_weights

GIGABYTE = 10**9
HUGE = {"hidden_widths": (4096,) * 8}


def config(name: str = "quick", **settings: Any) -> RunConfig:
    return preset(name).with_settings(settings)


@pytest.mark.parametrize(
    "of",
    [
        config("tutorial"),
        config("recommended"),
        config("quick", hidden_widths=(7, 5, 3), latent_dim=4, conditional=False, batch_normalization="before"),
        config("torn-manifold"),
        config("torn-manifold-conditional", label_code="one_hot", pieces=5),
    ],
)
def test_parameters_are_those_that_keras_counts(of: RunConfig) -> None:
    models = build_models(of.model, dataset_shape(of.data))
    assert training_cost(of).parameters == models.whole.count_params()


def test_the_files_of_a_run_take_as_much_of_the_disk_as_was_told(tmp_path: Path) -> None:
    of = config(epochs=12, latent_dim=3, hidden_widths=(300, 200), batch_normalization="after")
    run = create_run(tmp_path, of, "run")
    cost = training_cost(of)
    for epoch in scheduled_epochs(of.train):
        publish_snapshot(run.snapshots_folder, epoch, random_weights(of.model, dataset_shape(of.data)))
    snapshots = disk_use(run.snapshots_folder)
    state = starting_state(plan(of.model, dataset_shape(of.data)), 0, None).checkpoint()
    for epoch in range(3):
        publish_checkpoint(run.checkpoints_folder, Checkpoint(epoch, 0, state.arrays, state.facts))
    one_checkpoint = disk_use(run.checkpoints_folder) / 2
    assert cost.snapshots == 13
    assert 0.95 * cost.storage_bytes < snapshots + 3 * one_checkpoint < 1.05 * cost.storage_bytes


def test_more_snapshots_take_more_disk_and_no_more_memory() -> None:
    few, many = (training_cost(config(snapshot_schedule="every", snapshot_every=n)) for n in (20, 1))
    assert (few.snapshots, many.snapshots) == (2, 21)
    assert many.storage_bytes - few.storage_bytes == pytest.approx(19 * 4 * few.parameters, rel=0.02)
    assert many.memory_bytes == few.memory_bytes


MEASURE = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


@pytest.mark.faults
@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [{"hidden_widths": "64"}, {"hidden_widths": "512,512"}, {"hidden_widths": "2048,2048", "train_limit": 2000}],
)
def test_the_worker_holds_as_much_memory_as_was_told(settings: dict[str, Any], tmp_path: Path) -> None:
    given = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    command = [sys.executable, "-c", "from cvae_core.cli import main; main()", "train", "--json", *given]
    command += ["--preset", "quick", "--epochs", "1", "--runs", str(tmp_path)]
    # A process counts the memory of whoever started it as its own, so a small one stands between.
    told = subprocess.run([sys.executable, "-c", MEASURE, *command], check=True, capture_output=True, text=True).stdout
    peak = int(told.splitlines()[-1]) * (1 if sys.platform == "darwin" else 1024)
    assert 0.8 < training_cost(config(epochs=1, **settings)).memory_bytes / peak < 1.25


def test_a_training_that_needs_too_much_memory_is_refused_with_numbers_unless_forced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = config(hidden_widths=(2048, 2048))
    needed = training_cost(of).memory_bytes
    monkeypatch.setattr("cvae_core.workers.quotas.machine_memory", lambda: int(needed / 0.75) + 1)
    check_resources(tmp_path, [of])
    monkeypatch.setattr("cvae_core.workers.quotas.machine_memory", lambda: int(needed / 0.75) - 1)
    with pytest.raises(ConfigError) as caught:
        check_resources(tmp_path, [of], way_out="Or use --force.")
    assert f"about {needed / GIGABYTE:.1f} GB of memory" in caught.value.problem
    assert f"75% of this machine's {needed / 0.75 / GIGABYTE:.1f} GB" in caught.value.problem
    assert caught.value.advice.endswith("Or use --force.")
    check_resources(tmp_path, [of], force=True)


def test_trainings_whose_snapshots_do_not_fit_on_the_disk_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = config()
    one = training_cost(of).storage_bytes
    monkeypatch.setattr("cvae_core.workers.quotas.free_disk", lambda folder: one)
    check_resources(tmp_path, [of])
    with pytest.raises(StorageError, match=r"76\.\d MB of disk for 28 snapshots .*; 38\.\d MB are free in "):
        check_resources(tmp_path, [of, of], force=True)


def test_the_machine_says_what_it_has(tmp_path: Path) -> None:
    memory, disk = machine_memory(), free_disk(tmp_path / "not" / "made" / "yet")
    assert memory is not None and memory > GIGABYTE / 4
    assert disk is not None and disk > 0


def test_the_limits_of_a_server_bind_parameters_and_storage(tmp_path: Path) -> None:
    of = config()
    cost = training_cost(of)
    check_admission(Limits(max_parameters=cost.parameters, max_storage=39), tmp_path, [of])
    with pytest.raises(ConfigError, match="up to 413,983 parameters; this one has 413,984"):
        check_admission(Limits(max_parameters=cost.parameters - 1), tmp_path, [of])
    with pytest.raises(ConfigError, match="up to 36 MB of disk; this one needs up to 37 MB for 14 snapshots"):
        check_admission(Limits(max_storage=36), tmp_path, [of])


def test_the_time_is_that_of_an_earlier_run_of_the_same_kind(tmp_path: Path) -> None:
    assert measured_seconds(config(), overviews(tmp_path)) is None
    run = create_run(tmp_path, config(seed=3, epochs=8), "like")
    write_status(run.status_file, Status("stopped", 8, epoch=4, step=1, steps_per_epoch=2, seconds=9.0))
    assert measured_seconds(config(epochs=100), overviews(tmp_path)) == pytest.approx(200.0)
    for change in ({"latent_dim": 9}, {"batch_size": 100}, {"train_limit": 100}, {"max_shift": 1}):
        assert measured_seconds(config(**change), overviews(tmp_path)) is None
    words = [time_words(seconds) for seconds in (None, 0.2, 40.0, 250.0, 9000.0)]
    assert words == [
        "the time is known after the first epoch",
        "about 1 s",
        "about 40 s",
        "about 4 min 10 s",
        "about 2 h 30 min",
    ]


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["cvae", *arguments])
    try:
        main()
    except SystemExit as stopped:
        return int(stopped.code or 0)
    return 0


def test_a_dry_run_tells_the_cost_and_trains_nothing(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(monkeypatch, "train", "--preset", "quick", "--dry-run") == 0
    said = capsys.readouterr().out
    assert said == (
        "413,984 parameters, about 1.1 GB of memory, up to 38.3 MB of disk for 14 snapshots and the checkpoints, "
        "the time is known after the first epoch.\n"
    )
    monkeypatch.setattr("cvae_core.workers.quotas.machine_memory", lambda: GIGABYTE)
    assert run_command(monkeypatch, "train", "--preset", "quick", "--dry-run") == 0
    assert "It would be refused: This training needs about 1.1 GB" in capsys.readouterr().out
    assert run_command(monkeypatch, "train", "--preset", "quick", "--dry-run", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["parameters"], told["snapshots"], told["seconds"]) == (413_984, 14, None)
    assert told["refusal"].endswith("Or use --force.")
    assert list(runs_folder.iterdir()) == []


def test_a_dry_run_checks_the_name(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    create_run(runs_folder, config(), "taken")
    for name, words in (("a/b", "cannot be the name of a run"), ("taken", "already a run named 'taken'")):
        assert run_command(monkeypatch, "train", "--preset", "quick", "--dry-run", "--name", name) == 1
        assert words in capsys.readouterr().err


def test_a_dry_run_tells_of_a_download(
    runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    words = "Fashion-MNIST is not on this machine yet: the training downloads it first."
    assert run_command(monkeypatch, "train", "--dry-run", "--dataset", "fashion_mnist") == 0
    assert words in capsys.readouterr().out
    assert run_command(monkeypatch, "train", "--dry-run", "--dataset", "fashion_mnist", "--json") == 0
    assert json.loads(capsys.readouterr().out)["download"] == words


@pytest.mark.parametrize("command", ["train", "resume"])
def test_the_commands_refuse_what_needs_too_much_memory(
    command: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("cvae_core.workers.quotas.machine_memory", lambda: 16 * GIGABYTE)
    arguments = ["train", "--set", "hidden_widths=4096,4096,4096,4096,4096,4096,4096,4096"]
    if command == "resume":
        run = create_run(runs_folder, config(**HUGE), "huge")
        write_status(run.status_file, Status("stopped", 20, epoch=1))
        arguments = ["resume", "huge"]
    before = sorted(runs_folder.iterdir())
    assert run_command(monkeypatch, *arguments) != 0
    said = capsys.readouterr().err
    assert said.startswith("Error: This training needs about") and "Or use --force." in said
    assert sorted(runs_folder.iterdir()) == before


def test_what_cannot_be_estimated_is_one_sentence() -> None:
    with pytest.raises(CvaeError, match="no data set 'nonsense'"):
        training_cost(config(dataset="nonsense"))
