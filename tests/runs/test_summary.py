"""Runs at a glance: each as it is, a broken one with its reason, and none hidden by another."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.runs import summary as module
from cvae_core.runs.metrics import MetricsWriter
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.runs.status import WrittenState, read_status, write_status
from cvae_core.runs.summary import describe, overview, overviews
from tests.runs.examples import CONFIG, held, lines_of, run_in, some_weights, training


def spoil(name: str, content: bytes):
    return lambda run: (run.path / name).write_bytes(content)


HARMS = {
    "no configuration": lambda run: run.config_file.unlink(),
    "empty configuration": spoil("config.json", b""),
    "no JSON": spoil("config.json", b"{"),
    "no UTF-8": spoil("config.json", b"\xff"),
    "deep JSON": spoil("config.json", b"[" * 60_000),
    "configuration of the future": spoil("config.json", b'{"schema_version": 99}'),
    "bad setting": spoil("config.json", b'{"schema_version": 1, "model": {"latent_dim": 0}}'),
    "unknown setting": spoil("config.json", b'{"schema_version": 1, "colour": 0}'),
    "a setting without a name": spoil("config.json", b'{"schema_version": 1, "\\udfff": 0}'),
    "huge configuration": spoil("config.json", b" " * (17 * 2**20)),
    "no status": lambda run: run.status_file.unlink(),
    "torn status": spoil("status.json", b'{"schema_version": 1, "state": "runn'),
    "status of the future": spoil("status.json", b'{"schema_version": 99}'),
    "status is a folder": lambda run: (run.status_file.unlink(), run.status_file.mkdir()),
    "configuration is a link": lambda run: (run.config_file.unlink(), run.config_file.symlink_to("/etc/hosts")),
    "snapshots are a link": lambda run: (run.snapshots_folder.rmdir(), run.snapshots_folder.symlink_to("/etc")),
    "empty folder": lambda run: (shutil.rmtree(run.path), run.path.mkdir()),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS.keys())
def test_a_broken_run_says_why_and_hides_no_other(tmp_path: Path, harm) -> None:
    runs = [run_in(tmp_path, name) for name in ("first", "broken", "last")]
    harm(runs[1])
    views = {view.run.id: view for view in overviews(tmp_path)}
    assert set(views) == {"first", "broken", "last"}
    assert views["first"].state == views["last"].state == "interrupted"
    broken = views["broken"]
    assert (broken.state, broken.config, broken.status) == ("broken", None, None)
    assert broken.problem.endswith(".") and len(broken.problem) < 300
    assert broken.advice.endswith(".")


@pytest.mark.parametrize("state", ["queued", "running", "paused", "finished", "stopped", "failed"])
def test_a_run_at_a_glance(tmp_path: Path, state) -> None:
    run = run_in(tmp_path)
    say(run, state, epoch=4)
    with held(run.lock_file), training_elsewhere(tmp_path):
        view = overview(run)
    assert (view.run, view.state, view.config, view.problem, view.advice) == (run, state, CONFIG, "", "")
    assert view.status is not None and view.status.epoch == 4


def say(run: Run, state: WrittenState, images_per_second: float = 1e4, **changes: Any) -> None:
    """Write a state as the worker of a run would."""
    changes["images_per_second"] = 0.0 if state == "queued" else images_per_second
    write_status(run.status_file, replace(read_status(run.status_file), state=state, **changes))


@contextmanager
def training_elsewhere(folder: Path, name: str = "other", config: RunConfig = CONFIG) -> Iterator[None]:
    """Another run of the folder that trains."""
    run = run_in(folder, name, config)
    say(run, "running")
    with held(run.lock_file):
        yield


def test_a_run_is_queued_only_while_another_has_the_turn(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    say(run, "queued")
    with held(run.lock_file):
        assert (overview(run).state, overview(run).ahead) == ("starting", ())
        with training_elsewhere(tmp_path):
            found = {view.run.id: (view.state, view.ahead) for view in (overview(run), *overviews(tmp_path))}
            assert found == {run.id: ("queued", ("other",)), "other": ("running", ())}
        assert overview(run).state == "starting"
        say(run, "running", images_per_second=0.0)
        assert overview(run).state == "starting"
        say(run, "running")
        assert overview(run).state == "running"
    assert overview(run).state == "interrupted"


def test_a_run_waits_for_those_that_asked_earlier_and_for_nobody_where_a_turn_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    early, late = (run_in(tmp_path, name) for name in ("early", "late"))
    say(late, "queued", queued_at=2.0)
    say(early, "queued", queued_at=1.0)
    with held(early.lock_file), held(late.lock_file):
        assert [(view.state, view.ahead) for view in map(overview, (early, late))] == [
            ("starting", ()),
            ("queued", ("early",)),
        ]
        monkeypatch.setenv("CVAE_MAX_WORKERS", "2")
        assert overview(late).state == "starting"
        with training_elsewhere(tmp_path):
            assert overview(late).ahead == ("other", "early")
            assert overview(early).state == "starting"
        with training_elsewhere(tmp_path, "toy", preset("torn-manifold")):
            assert overview(late).state == "starting"
        monkeypatch.setenv("CVAE_MAX_WORKERS", "many")
        assert overview(late).ahead == ("early",)


def test_a_failed_run_says_why(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    failed = replace(read_status(run.status_file), state="failed", problem="The loss became NaN.", advice="Slow down.")
    write_status(run.status_file, failed)
    view = overview(run)
    assert (view.state, view.problem, view.advice) == ("failed", "The loss became NaN.", "Slow down.")


def test_a_run_deleted_meanwhile_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [run_in(tmp_path, name) for name in ("gone", "stays")]
    shutil.rmtree(runs[0].path)
    monkeypatch.setattr(module, "all_runs", lambda folder: runs)
    assert [view.run.id for view in overviews(tmp_path)] == ["stays"]


def test_without_a_folder_there_is_nothing_to_see(tmp_path: Path) -> None:
    assert overviews(tmp_path / "nothing") == []


def test_all_facts_of_a_run(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    publish_snapshot(run.snapshots_folder, 0, some_weights())
    with MetricsWriter(run.metrics_file) as writer:
        for record in training(2):
            writer.append(record)
    facts = describe(run)
    assert (facts["run"], facts["state"], facts["snapshots"]) == ("run", "interrupted", [0])
    assert facts["config"] == CONFIG.model_dump(mode="json")
    assert facts["data_sha256"] == "ab" * 32
    assert [epoch["epoch"] for epoch in facts["epochs"]] == [1, 2]
    assert facts["epochs"][1]["train"] == {"loss": 100.0, "reconstruction": 80.0, "kl": 20.0}
    assert facts["epochs"][1]["test"]["kl_per_dimension"] == [12.0, 8.0]
    assert facts["epochs"][1]["seconds"] == 0.5
    assert "problem" not in facts


def test_the_facts_of_a_run_that_recorded_nothing(tmp_path: Path) -> None:
    facts = describe(run_in(tmp_path))
    assert (facts["epochs"], facts["snapshots"], facts["data_sha256"]) == ([], [], None)


@pytest.mark.parametrize("state", ["finished", "stopped", "failed", "running"])
def test_lines_lost_at_the_end_are_missed_once_the_run_has_ended(tmp_path: Path, state) -> None:
    run = run_in(tmp_path)
    write_status(run.status_file, replace(read_status(run.status_file), state=state, epoch=2))
    lines = lines_of(training(2))
    for kept in range(len(lines) + 1):
        run.metrics_file.write_bytes(b"".join(lines[:kept]))
        facts = describe(run)
        assert len(facts["epochs"]) == max(0, kept - 1) // 4
        told = "".join(facts.get("damage", []))
        if state == "running" or kept == len(lines):  # the last lines of a run that still goes on may be lost
            assert "metrics" not in told
        else:
            lost = "The losses of epochs 1 to 2" if kept < 5 else "The losses of epoch 2"
            assert f"{lost} are lost: metrics.jsonl lacks lines." in told


def test_damaged_metrics_are_told_and_the_rest_is_shown(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    publish_snapshot(run.snapshots_folder, 0, some_weights())
    run.metrics_file.write_bytes(b"nonsense\n" + lines_of(training(1))[1])
    facts = describe(run)
    assert facts["damage"] == [
        "Some points of the curve are lost: 1 line of metrics.jsonl cannot be read. The weights are not affected."
    ]
    assert facts["snapshots"] == [0]
    run.metrics_file.unlink()
    run.metrics_file.mkdir()
    assert describe(run)["damage"][0].startswith("The metrics of the run cannot be read (metrics.jsonl).")


@pytest.mark.parametrize("damage", ["missing", "damaged"])
@pytest.mark.parametrize(("newest", "state"), [(3, "interrupted"), (10, "finished")])
def test_a_run_whose_status_is_damaged_is_known_by_its_weights(
    tmp_path: Path, damage: str, newest: int, state: str
) -> None:
    run = run_in(tmp_path)
    for epoch in (0, newest):
        publish_snapshot(run.snapshots_folder, epoch, some_weights())
    run.status_file.unlink()
    if damage == "damaged":
        run.status_file.write_bytes(b"{")
    view = overview(run)
    assert view.status is not None
    assert (view.state, view.status.epoch, view.status.epochs, view.config) == (state, newest, 10, CONFIG)
    assert "status.json" in view.damage and describe(run)["damage"] == [view.damage]
    with held(run.lock_file):
        assert overview(run).state == ("starting" if newest == 3 else "finished")


def test_a_missing_last_snapshot_is_told(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    write_status(run.status_file, replace(read_status(run.status_file), state="finished", epoch=10))
    assert overview(run).damage == "The snapshot of epoch 10, the last, is missing; there is none."
    for epoch in (0, 4, 10):
        publish_snapshot(run.snapshots_folder, epoch, some_weights())
    assert overview(run).damage == ""
    shutil.rmtree(run.snapshots_folder / "000010")
    told = "The snapshot of epoch 10, the last, is missing; the newest is of epoch 4."
    assert (overview(run).damage, describe(run)["damage"][0]) == (told, told)


def spoil_facts(folder: Path) -> None:
    (folder / "snapshot.json").write_bytes(b"{")


def halve_weights(folder: Path) -> None:
    weights = folder / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-9])


@pytest.mark.parametrize("state", ["stopped", "failed", "running"])
@pytest.mark.parametrize(
    ("harm", "epochs", "words"),
    [
        (shutil.rmtree, (0,), "The snapshot of epoch 0, the first, is missing."),
        (shutil.rmtree, (3,), "The snapshot of epoch 3, the newest, is missing; the newest is of epoch 2."),
        (shutil.rmtree, (0, 1, 2, 3), "The snapshot of epoch 3, the newest, is missing; there is none."),
        (spoil_facts, (3,), "The snapshot of epoch 3"),
        (halve_weights, (3,), "The snapshot of epoch 3 is damaged: weights.safetensors has "),
        (halve_weights, (0,), "The snapshot of epoch 0 is damaged: weights.safetensors has "),
    ],
)
def test_a_missing_or_damaged_snapshot_of_a_run_that_does_not_train_is_told(
    tmp_path: Path, state: Any, harm: Any, epochs: tuple[int, ...], words: str
) -> None:
    run = run_in(tmp_path)
    for epoch in range(4):
        publish_snapshot(run.snapshots_folder, epoch, some_weights())
    write_status(run.status_file, replace(read_status(run.status_file), state=state, epoch=3, step=1))
    assert overview(run).damage == ""
    for epoch in epochs:
        harm(run.snapshots_folder / f"{epoch:06d}")
    assert overview(run).damage.startswith(words) and describe(run)["damage"][0] == overview(run).damage
    with held(run.lock_file):
        assert state != "running" or overview(run).damage == "", "a living one may still publish it"


def test_a_snapshot_that_was_not_due_yet_is_not_missed(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    for epoch in (0, 2):
        publish_snapshot(run.snapshots_folder, epoch, some_weights())
    write_status(run.status_file, replace(read_status(run.status_file), state="stopped", epoch=3))
    assert overview(run).damage == ""
