"""A small complete run beside another, ways to damage one of its files, and what all readers then say of it."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from cvae_core.architecture import DataShape, Weights
from cvae_core.config.run import DataConfig, ModelConfig, RunConfig, TrainConfig
from cvae_core.errors import CvaeError
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.runs.metrics import MetricsReader, MetricsWriter
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import (
    Checkpoint,
    load_snapshot,
    newest_checkpoint,
    publish_checkpoint,
    publish_snapshot,
)
from cvae_core.runs.status import About, read_status, write_about, write_status
from cvae_core.runs.summary import describe, followed_history, overview
from tests.networks import random_weights
from tests.runs.examples import sealed, some_weights, training

PLACES = 50
EPOCHS = (0, 1, 3)
SHAPE = DataShape(28, 28, 1, 10)
SECRET = b"the secret that no page may show"


def config(seed: int = 0) -> RunConfig:
    return RunConfig(
        preset="quick",
        data=DataConfig(train_limit=100, test_limit=60),
        model=ModelConfig(latent_dim=2, hidden_widths=(3,)),
        train=TrainConfig(epochs=3, seed=seed),
    )


def complete_run(folder: Path, name: str, seed: int = 0) -> Run:
    """A finished run with something of everything, as a training leaves it."""
    run = create_run(folder, config(seed), name)
    for epoch in EPOCHS:
        publish_snapshot(run.snapshots_folder, epoch, weights(run, epoch))
    for epoch in (2, 3):
        facts = {"sums": [1.5, 2.5], "images": 100, "seconds": 0.25}
        publish_checkpoint(run.checkpoints_folder, Checkpoint(epoch, 0, some_weights(seed + epoch), facts))
    with MetricsWriter(run.metrics_file) as writer:
        for record in training(3):
            writer.append(record)
    write_status(run.status_file, replace(read_status(run.status_file), state="finished", epoch=3, seconds=3.0))
    write_about(run.about_file, f"The run of seed {seed}", "Somebody’s words,\non two lines.")
    run.log_file.write_text("The training began.\n")
    return run


def weights(run: Run, epoch: int) -> Weights:
    seed = run.config().train.seed
    return random_weights(run.config().model, SHAPE, 100 * seed + epoch)


@dataclass(frozen=True)
class World:
    """Folders to test in.

    Attributes:
        runs: The folder of runs.
        run: The one that gets damaged.
        neighbour: One of another configuration.
        outside: Where nothing may be read or written: a secret, and a copy of the run.
    """

    runs: Path
    run: Run
    neighbour: Run
    outside: Path

    def untouched(self) -> dict[str, bytes | str | None]:
        """All that no damage to the run may change, links told by their targets."""
        return contents(self.neighbour.path) | contents(self.outside)


def make_world(folder: Path) -> World:
    runs, outside = folder / "runs", folder / "outside"
    world = World(runs, complete_run(runs, "run"), complete_run(runs, "neighbour", 1), outside)
    shutil.copytree(world.run.path, outside / "run")
    (outside / "secret").write_bytes(SECRET)
    (outside / "run" / "snapshots" / ".tmp-not-ours").touch()
    return world


def contents(folder: Path) -> dict[str, bytes | str | None]:
    return {str(path): _content(path) for path in sorted(folder.rglob("*"))}


def _content(path: Path) -> bytes | str | None:
    if path.is_symlink():
        return str(path.readlink())
    return path.read_bytes() if path.is_file() else None


Look = dict[str, str]


def look(run: Run) -> Look:
    """What every reader says of a run: a value as text, or a sentence that begins with "told: "."""
    found = {"list": _list(run), "show": _said(lambda: _facts(run)), "history": _said(lambda: _history(run))}
    found["resume"] = repr(_moment(newest_checkpoint(run.checkpoints_folder)))
    for epoch in EPOCHS:
        found[f"snapshot {epoch}"] = _said(lambda epoch=epoch: _outputs(run, epoch))  # type: ignore[misc]
    return found


def _said(read: Callable[[], str]) -> str:
    try:
        return read()
    except CvaeError as error:
        return _told(error.problem, error.advice)


def _told(problem: str, advice: str) -> str:
    assert problem.endswith(".") and len(problem) < 300, problem
    assert advice == "" or advice.endswith("."), advice
    assert SECRET.decode() not in problem + advice
    return f"told: {problem} {advice}"


def _list(run: Run) -> str:
    view = overview(run)
    if view.damage:
        return _told(view.damage, "")
    if view.about_problem and view.state != "broken":
        assert view.about == About()
        return _told(view.about_problem, "")
    return _told(view.problem, view.advice) if view.state == "broken" else repr(view)


def _facts(run: Run) -> str:
    facts = describe(run)
    told = facts.get("about_problem") or "".join(facts.get("damage", [])[:1])
    return _told(told, "") if told else json.dumps(facts | {"disk_bytes": 0})


def _history(run: Run) -> str:
    """All records, or what is lost of them; those that are left are as they were written."""
    history, lost = followed_history(run, MetricsReader(run.metrics_file))
    written = training(3)
    assert all(record in written for record in (*history.begins, *history.steps, *history.epochs))
    return _told(lost, "") if lost else repr(history)


def _outputs(run: Run, epoch: int) -> str:
    """The weights to the last bit, and that they are a network."""
    loaded = load_snapshot(run.snapshots_folder, epoch)
    FoldedNetwork(run.config().model, SHAPE, loaded)
    return _bits(loaded)


def _moment(found: Checkpoint | None) -> Any:
    return found and (found.epoch, found.step, found.facts, _bits(found.arrays))


def _bits(arrays: Weights) -> str:
    return repr(
        {name: (array.dtype.str, array.shape, sha256(array).hexdigest()) for name, array in sorted(arrays.items())}
    )


def noticed(before: Look, after: Look) -> set[str]:
    """The readers that tell of the damage; fails if one shows something else than before without a word."""
    changed = {name for name in before if after[name] != before[name]}
    for name in changed - {"resume"}:
        assert after[name].startswith("told: "), f"{name} changed silently: {after[name][:500]}"
    return changed


@contextmanager
def damaged(path: Path, damage: Callable[[Path], object]) -> Iterator[None]:
    """A file with something else in its place for a while."""
    content = path.read_bytes()
    try:
        damage(path)
        yield
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.write_bytes(content)


def truncated(path: Path, place: int) -> None:
    os.truncate(path, path.stat().st_size * place // PLACES)


def flipped(path: Path, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[bit // 8] ^= 1 << bit % 8
    path.write_bytes(content)


def random_bits(path: Path, count: int) -> list[int]:
    """Some bits of a file, the same ones each time; all of them if there are fewer."""
    bits = 8 * path.stat().st_size
    return sorted(random.Random(f"{path.name} {bits}").sample(range(bits), min(count, bits)))


def replaced(path: Path, make: Callable[[Path], object]) -> None:
    path.unlink()
    make(path)


def huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(2**40)


def in_its_place(world: World, name: str) -> dict[str, Callable[[Path], object]]:
    """What else can stand where a file of the run should: links, folders, pipes, other contents."""
    copy, secret = world.outside / "run" / name, world.outside / "secret"
    return {
        "nothing": lambda path: path.unlink(),
        "an empty file": lambda path: path.write_bytes(b""),
        "a link to a copy of it": lambda path: replaced(path, lambda path: path.symlink_to(copy)),
        "a link to a secret": lambda path: replaced(path, lambda path: path.symlink_to(secret)),
        "a link to a device": lambda path: replaced(path, lambda path: path.symlink_to("/dev/zero")),
        "a folder": lambda path: replaced(path, Path.mkdir),
        "a pipe": lambda path: replaced(path, os.mkfifo),
        "a huge file": huge,
        "the secret": lambda path: path.write_bytes(SECRET),
        "a pickle": lambda path: path.write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR."),
        "deep brackets": lambda path: path.write_bytes(b"[" * 60_000),
    }


def of_the_future(path: Path) -> None:
    """A file as a later version of the software may write it, with the checksums that it should have."""
    content = path.read_bytes()
    if path.name == "metrics.jsonl":
        first, _, rest = content.partition(b"\n")
        path.write_bytes(sealed(first, schema_version=2, novelty=1) + rest)
    elif path.name == "config.json":
        path.write_text(json.dumps(json.loads(content) | {"schema_version": 2, "novelty": 1}))
    else:
        path.write_bytes(sealed(content, schema_version=2, novelty=1))
