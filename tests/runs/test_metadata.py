"""Names and notes: one line and some text, kept whole, and no harm where the file holds anything else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae_core.errors import RunDamagedError, RunError
from cvae_core.runs.status import NAME_LIMIT, NOTE_LIMIT, About, about_or_problem, read_about, write_about
from cvae_core.runs.summary import describe, overview
from tests.runs.examples import run_in, sealed

printable = st.text().filter(str.isprintable)


@given(printable.filter(lambda text: len(text) <= NAME_LIMIT), st.lists(printable, max_size=5).map("\n".join))
def test_what_was_written_is_read(tmp_path_factory: pytest.TempPathFactory, name: str, note: str) -> None:
    path = tmp_path_factory.mktemp("run") / "about.json"
    written = write_about(path, name, note)
    assert read_about(path) == written == About(name.strip(), note.strip())


@settings(max_examples=25)
@given(st.binary(max_size=200) | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps))
def test_whatever_is_in_its_place_is_told_of(tmp_path_factory: pytest.TempPathFactory, content: bytes | str) -> None:
    path = tmp_path_factory.mktemp("run") / "about.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert_told(path)


def assert_told(path: Path, words: str = "The file with the name and note of the run") -> None:
    with pytest.raises(RunDamagedError, match=words):
        read_about(path)
    about, problem = about_or_problem(path)
    assert about == About()
    assert words in problem and problem.endswith(".")


@pytest.mark.parametrize("indent", [None, 1])
@pytest.mark.parametrize("version", [{}, {"schema_version": 1}])
def test_a_file_from_before_there_was_a_checksum_is_read(
    tmp_path: Path, indent: int | None, version: dict[str, int]
) -> None:
    run = run_in(tmp_path)
    run.about_file.write_text(json.dumps({**version, "name": "old", "note": "words"}, indent=indent) + "\n")
    assert read_about(run.about_file) == About("old", "words")
    write_about(run.about_file, "new", "words")
    assert "check" in json.loads(run.about_file.read_text())
    run.about_file.write_bytes(sealed(run.about_file.read_bytes(), config_sha256="ab" * 32))
    assert read_about(run.about_file) == About("new", "words")


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
    assert_told(run.about_file, "does not hold a valid name and note")
    assert overview(run).state == "interrupted"
    assert "does not hold a valid name and note" in overview(run).about_problem


def test_a_link_is_not_followed_and_a_folder_is_no_name(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    outside = tmp_path / "outside.json"
    outside.write_text('{"name": "outside", "note": ""}')
    run.about_file.symlink_to(outside)
    assert_told(run.about_file, "cannot be read")
    write_about(run.about_file, "mine", "")
    assert json.loads(outside.read_text())["name"] == "outside"
    assert read_about(run.about_file) == About("mine")
    run.about_file.unlink()
    assert about_or_problem(run.about_file) == (About(), "")
    run.about_file.mkdir()
    assert_told(run.about_file, "cannot be read")


@pytest.mark.parametrize(
    ("name", "note", "words"),
    [
        ("x" * 81, "", "at most 80 characters; this one has 81"),
        ("two\nlines", "", r"name .* character 4 is U\+000A \(a line break\)"),
        ("two\u2028lines", "", r"character 4 is U\+2028 \(line separator\)"),
        ("safe\u202egnp.exe", "", r"character 5 is U\+202E \(right-to-left override\)"),
        ("\u200b\u2060", "", "would be invisible"),
        ("\u00a0", "", "would be invisible"),
        (" \u2003 ", "", "would be invisible"),
        ("\ud800", "", r"character 1 is U\+D800 \(a lone surrogate\)"),
        ("\udcd0\udc96", "", r"encoding of this terminal .* cannot represent this name.* LC_ALL=C\.UTF-8"),
        ("", "a\udcd0", r"encoding of this terminal .* cannot represent this note"),
        ("", "x" * (NOTE_LIMIT + 1), "at most 2,000"),
        ("", "\x00", r"note .* character 1 is U\+0000 \(a control character\)"),
        ("", "a\u2066b", r"character 2 is U\+2066 \(left-to-right isolate\)"),
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


@pytest.mark.parametrize(
    "words",
    [
        "latent\N{NO-BREAK SPACE}8",
        "\u0645\u06cc\N{ZERO WIDTH NON-JOINER}\u062e\u0648\u0627\u0647\u0645",
        "\U0001f468\N{ZERO WIDTH JOINER}\U0001f469\N{ZERO WIDTH JOINER}\U0001f467",
        "soft\N{SOFT HYPHEN}hyphen",
        "\N{LEFT-TO-RIGHT MARK}left",
        "\U000fffff",
        "\u6570\u636e",
    ],
)
def test_words_of_any_script_are_kept(tmp_path: Path, words: str) -> None:
    run = run_in(tmp_path)
    assert write_about(run.about_file, words, words) == read_about(run.about_file) == About(words, words)


def test_a_run_is_called_by_its_name_or_else_its_id(tmp_path: Path) -> None:
    run = run_in(tmp_path, "id")
    assert overview(run).title == "id"
    write_about(run.about_file, "name", "note")
    assert (overview(run).title, overview(run).about.note) == ("name", "note")
    facts = describe(run)
    assert (facts["run"], facts["name"], facts["note"]) == ("id", "name", "note")
    run.status_file.write_text("{")
    assert (overview(run).state, overview(run).title) == ("broken", "name")
