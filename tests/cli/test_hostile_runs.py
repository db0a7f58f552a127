"""`cvae runs` over a folder with a hostile run: the run is told of in a sentence, and the others are as ever."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cvae_core.cli.command import app
from cvae_core.errors import CvaeError
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.status import read_status, write_status
from tests.runs import damage as harms
from tests.runs.damage import World, make_world

DAMAGES: dict[str, tuple[str, Callable[[World, Path], object]]] = {
    "truncated config": ("config.json", lambda world, path: harms.truncated(path, 20)),
    "config of the future": ("config.json", lambda world, path: harms.of_the_future(path)),
    "config elsewhere": (
        "config.json",
        lambda world, path: harms.in_its_place(world, "config.json")["a link to a secret"](path),
    ),
    "truncated status": ("status.json", lambda world, path: harms.truncated(path, 49)),
    "flipped status": ("status.json", lambda world, path: harms.flipped(path, 1234)),
    "status of the future": ("status.json", lambda world, path: harms.of_the_future(path)),
    "status a pipe": ("status.json", lambda world, path: harms.in_its_place(world, "status.json")["a pipe"](path)),
    "truncated metrics": ("metrics.jsonl", lambda world, path: harms.truncated(path, 45)),
    "flipped metrics": ("metrics.jsonl", lambda world, path: harms.flipped(path, 9999)),
    "huge metrics": ("metrics.jsonl", lambda world, path: harms.huge(path)),
}


def cvae(*arguments: str) -> Result:
    """A command, as far as it gets; a failure of ours is what `main` prints."""
    result = CliRunner().invoke(app, list(arguments))
    assert result.exception is None or isinstance(result.exception, CvaeError | SystemExit), result.exception
    return result


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_run_is_told_of_and_hides_no_other(name: str, tmp_path: Path) -> None:
    world = make_world(tmp_path)
    where = ("--runs", str(world.runs))
    before = cvae("runs", "show", "neighbour", "--json", *where).output
    file, damage = DAMAGES[name]
    damage(world, world.run.path / file)
    listed = {item["run"]: item for item in json.loads(cvae("runs", "list", "--json", *where).output)}
    assert listed["neighbour"]["state"] == "finished" and "problem" not in listed["neighbour"]
    assert listed["run"]["state"] == ("broken" if file == "config.json" or "future" in name else "finished")
    assert ("damage" in listed["run"]) == (file == "status.json" and "future" not in name)
    text = cvae("runs", "list", *where).output
    assert "neighbour" in text and harms.SECRET.decode() not in text
    shown = cvae("runs", "show", "run", *where)
    if listed["run"]["state"] == "broken":
        assert isinstance(shown.exception, CvaeError) and str(shown.exception).endswith(".")
    else:
        assert file in " ".join(shown.output.split()), "the damage is named, and the rest is shown"
        assert "3 snapshots: 0, 1, 3" in shown.output
    assert cvae("runs", "show", "neighbour", "--json", *where).output == before


HOSTILE_WORDS = "[/nope] [bold]x[/] [link=http://example.org]y[/link] \x1b[2J\x1b]0;title\x07 \u202e \r\n end."


def test_words_in_a_run_are_neither_markup_nor_commands_to_the_terminal(tmp_path: Path) -> None:
    run = create_run(tmp_path, harms.config().model_copy(update={"preset": HOSTILE_WORDS[:60]}), "run")
    status = replace(read_status(run.status_file), state="failed", problem=HOSTILE_WORDS, advice=HOSTILE_WORDS)
    write_status(run.status_file, status)
    for command in (("list",), ("show", "run")):
        result = cvae("runs", *command, "--runs", str(tmp_path))
        assert result.exit_code == 0
        assert not set("\x1b\x07\r\u202e") & set(result.output)
        assert "[/nope] [bold]x[/]" in result.output.replace("\n", " ") or command == ("list",)


def test_a_setting_that_looks_like_markup_breaks_no_list(tmp_path: Path) -> None:
    run: Run = create_run(tmp_path, harms.config(), "run")
    run.config_file.write_text('{"schema_version": "[/nope]"}')
    assert "schema_version" in cvae("runs", "list", "--runs", str(tmp_path)).output
