"""Names and notes: one line and some text, kept whole, and no harm where the file holds anything else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.errors import RunError
from cvae_core.runs.about import NAME_LIMIT, NOTE_LIMIT, About, read_about, write_about
from cvae_core.runs.overview import describe, overview
from tests.runs.examples import run_in

printable = st.text().filter(str.isprintable)


@given(printable.filter(lambda text: len(text) <= NAME_LIMIT), st.lists(printable, max_size=5).map("\n".join))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, name: str, note: str) -> None:
    path = tmp_path_factory.mktemp("run") / "about.json"
    written = write_about(path, name, note)
    assert read_about(path) == written == About(name.strip(), note.strip())


@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_is_in_its_place_is_no_name(tmp_path_factory: pytest.TempPathFactory, content: bytes | str) -> None:
    path = tmp_path_factory.mktemp("run") / "about.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert read_about(path) == About()


@pytest.mark.parametrize(
    "content",
    [
        {"name": "x" * (NAME_LIMIT + 1), "note": ""},
        {"name": "two\nlines", "note": ""},
        {"name": "\x1b[31mred", "note": ""},
        {"name": "", "note": "bell\x07"},
        {"name": "‮backwards", "note": ""},
        {"name": 5, "note": None},
    ],
)
def test_a_file_by_another_hand_is_held_to_the_same_rules(tmp_path: Path, content: object) -> None:
    run = run_in(tmp_path)
    run.about_file.write_text(json.dumps(content))
    assert read_about(run.about_file) == About()
    assert overview(run).state == "interrupted"


def test_a_link_is_not_followed_and_a_folder_is_no_name(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    outside = tmp_path / "outside.json"
    outside.write_text('{"name": "outside", "note": ""}')
    run.about_file.symlink_to(outside)
    assert read_about(run.about_file) == About()
    write_about(run.about_file, "mine", "")
    assert json.loads(outside.read_text())["name"] == "outside"
    assert read_about(run.about_file) == About("mine")
    run.about_file.unlink()
    run.about_file.mkdir()
    assert read_about(run.about_file) == About()


@pytest.mark.parametrize(
    ("name", "note", "words"),
    [
        ("x" * 81, "", "at most 80 characters; this one has 81"),
        ("two\nlines", "", "one line"),
        ("", "x" * (NOTE_LIMIT + 1), "at most 2,000"),
        ("", "\x00", "cannot be shown"),
    ],
)
def test_what_is_no_name_or_note_is_refused_and_the_old_ones_stay(
    tmp_path: Path, name: str, note: str, words: str
) -> None:
    run = run_in(tmp_path)
    write_about(run.about_file, "old", "note")
    with pytest.raises(RunError, match=words):
        write_about(run.about_file, name, note)
    assert read_about(run.about_file) == About("old", "note")


def test_a_run_is_called_by_its_name_or_else_its_id(tmp_path: Path) -> None:
    run = run_in(tmp_path, "id")
    assert overview(run).title == "id"
    write_about(run.about_file, "name", "note")
    assert (overview(run).title, overview(run).about.note) == ("name", "note")
    facts = describe(run)
    assert (facts["run"], facts["name"], facts["note"]) == ("id", "name", "note")
    run.status_file.write_text("{")
    assert (overview(run).state, overview(run).title) == ("broken", "name")
