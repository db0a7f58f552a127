"""Names, notes, thinning out, and deletion with a way back, on the pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import TextInput

from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import About, WrittenState, read_about, write_about
from cvae_core.runs.storage import TRASH
from dashboard.shared.widgets import plain
from tests.dashboard.app import open_page, said, select_box
from tests.dashboard.run_states import living_worker, make_run
from tests.dashboard.test_why import make_pair


def press(app: AppTest, label: str, among: str = "") -> AppTest:
    """Press a button; where two have its label, the one whose key begins with ``among``."""
    found = [button for button in app.button if button.label == label and str(button.key or "").startswith(among)]
    return found[-1].click().run()


def the_name(app: AppTest) -> TextInput:
    return next(field for field in app.text_input if field.label == "Name")


def delete(app: AppTest) -> AppTest:
    return press(press(app, "Delete"), "Delete", "answer")


def in_trash(folder: Path) -> list[str]:
    return sorted(path.name.rpartition("-")[0] for path in (folder / TRASH).glob("*"))


def test_deleting_asks_first_and_can_be_undone(runs_folder: Path) -> None:
    run = make_run(runs_folder, "old", "finished")
    before = run.status_file.read_bytes()
    app = press(open_page("train", run="old"), "Delete")
    assert run.path.exists()
    assert "You can undo this until you leave the page" in said(app)
    press(app, "Keep it")
    assert run.path.exists()
    app = delete(app)
    assert not app.exception
    assert not run.path.exists()
    assert "Deleted **old**" in said(app)
    assert "Train" in {button.label for button in app.button}
    app = press(app.run(), "Undo")
    assert not app.exception
    assert run.status_file.read_bytes() == before
    assert snapshot_epochs(run.snapshots_folder) == [0, 1, 2]
    assert "Deleted" not in said(app)
    assert app.query_params["run"] == "old"
    assert in_trash(runs_folder) == []


def test_what_was_deleted_is_gone_for_good_once_the_page_is_left(runs_folder: Path) -> None:
    for name in ("one", "two"):
        make_run(runs_folder, name, "finished")
    app = delete(open_page("train", run="one"))
    app.query_params["run"] = "two"
    app = delete(app.run())
    assert said(app).count("Deleted **") == 2
    assert in_trash(runs_folder) == ["one", "two"]
    app.switch_page("pages/home.py").run()
    assert not app.exception
    assert in_trash(runs_folder) == []
    app.switch_page("pages/train.py").run()
    assert "Deleted" not in said(app)


def test_two_sessions_undo_each_their_own(runs_folder: Path) -> None:
    for name in ("one", "two"):
        make_run(runs_folder, name, "finished")
    first, second = open_page("train", run="one"), open_page("train", run="two")
    first, second = delete(first), delete(second)
    assert "Deleted **two**" not in said(first)
    first.switch_page("pages/home.py").run()
    assert in_trash(runs_folder) == ["two"]
    press(second, "Undo")
    assert not second.exception
    assert (runs_folder / "two" / "config.json").exists()
    assert not (runs_folder / "one").exists()


def test_a_run_that_another_session_deleted_is_reported(runs_folder: Path) -> None:
    make_run(runs_folder, "shared", "finished")
    first, second = open_page("train", run="shared"), press(open_page("train", run="shared"), "Delete")
    delete(first)
    second = press(second, "Delete", "answer")
    assert not second.exception
    assert "no run 'shared' any more" in said(second)
    assert in_trash(runs_folder) == ["shared"]


def test_undo_says_so_when_another_run_has_the_name_by_now(runs_folder: Path) -> None:
    make_run(runs_folder, "name", "finished")
    app = delete(open_page("train", run="name"))
    make_run(runs_folder, "name", "finished", seed=5)
    app = press(app, "Undo")
    assert not app.exception
    assert "Another run is named name by now" in said(app)
    assert "Deleted **name**" in said(app)
    assert in_trash(runs_folder) == ["name"]


def test_a_damaged_note_is_reported_and_can_be_replaced(runs_folder: Path) -> None:
    run = make_run(runs_folder, "id", "finished")
    write_about(run.about_file, "mine", "why")
    run.about_file.write_bytes(run.about_file.read_bytes()[:-30])
    assert "name and note cannot be read" in said(open_page("home"))
    app = open_page("train", run="id")
    assert not app.exception and not app.error
    assert ["(about.json). Give the run its name and its note again" in str(told.value) for told in app.warning] == [
        True
    ]
    the_name(app).set_value("mine again")
    app = press(app, "Save")
    assert not app.warning
    assert read_about(run.about_file) == About("mine again", "")


def test_a_name_and_a_note_are_shown_wherever_the_run_is(runs_folder: Path) -> None:
    run = make_run(runs_folder, "id-of-it", "finished")
    app = open_page("train", run="id-of-it")
    the_name(app).set_value("Slant & weight")
    app.text_area[0].set_value("Eight dimensions.\nSecond try.")
    app = press(app, "Save")
    assert not app.exception
    assert read_about(run.about_file) == About("Slant & weight", "Eight dimensions.\nSecond try.")
    text = said(app)
    assert r"Slant \& weight" in text
    assert r"Second try\." in text
    assert select_box(app, "Run").options[1].startswith("Slant & weight  ·  id-of-it")
    picker = select_box(open_page("latent", run="id-of-it"), "Run")
    assert picker.options[0].startswith("Slant & weight  ·  id-of-it")
    home = open_page()
    assert r"id\-of\-it · epoch 2 of 5" in said(home)
    assert r"Slant \& weight" in [link.proto.label for link in home.get("page_link")]


def test_a_run_can_be_named_while_it_trains(runs_folder: Path) -> None:
    run = make_run(runs_folder, "alive", "running")
    with living_worker(run):
        app = open_page("train", run="alive")
        the_name(app).set_value("Live")
        app = press(app, "Save")
        assert "Live" in said(app)
        assert {button.label for button in app.button} >= {"Pause", "Stop", "Save"}
        assert not {button.label for button in app.button} & {"Thin out", "Delete"}


def test_text_of_people_is_no_markup() -> None:
    for text in (
        "![x](http://example.com/x.png)",
        ":red[x] $x$ <b> `y` *z* _w_ | # ~~s~~ \\",
        "&lt; -> :smile: https://a",
    ):
        shown = plain(text)
        assert shown.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\").replace("\u2060", "") == text
        assert all(
            shown[place - 1] == "\\" for place, letter in enumerate(shown) if letter in "![]():$<>`*_|#~&-" and place
        )


@pytest.mark.parametrize("text", ["[link](http://x.y)", "see https://a.b/c?d", "www.example.com", "me@example.com"])
def test_addresses_in_names_do_not_become_links(text: str) -> None:
    """After its own escapes, GitHub's Markdown looks for these forms in plain text."""
    read = plain(text).replace("\\", "")
    assert not re.search(r"https?://|www(?=\.)|[-.\w+]@[-\w]", read, re.IGNORECASE)
    assert read.replace("\u2060", "") == text


@pytest.mark.parametrize("state", ["finished", "stopped"])
def test_thinning_out_keeps_the_first_and_the_last_and_says_what_it_frees(
    state: WrittenState, runs_folder: Path
) -> None:
    run = make_run(runs_folder, "many", state, 5)
    app = press(open_page("train", run="many"), "Thin out")
    assert "2 of 6 snapshots are kept. The other 4 are deleted" in said(app)
    assert ("The run can be resumed as before." in said(app)) == (state != "finished")
    app.slider[0].set_value(3)
    assert snapshot_epochs(run.snapshots_folder) == [0, 1, 2, 3, 4, 5]
    press(app, "Thin out", "answer")
    assert not app.exception
    assert snapshot_epochs(run.snapshots_folder) == [0, 2, 5]


def test_a_run_that_began_to_train_meanwhile_is_not_thinned_out(runs_folder: Path) -> None:
    run: Run = make_run(runs_folder, "many", "stopped", 5)
    app = press(open_page("train", run="many"), "Thin out")
    with living_worker(run):
        app = press(app, "Thin out", "answer")
    assert "is being trained" in said(app)
    assert snapshot_epochs(run.snapshots_folder) == [0, 1, 2, 3, 4, 5]


def test_home_says_how_much_each_run_takes(runs_folder: Path) -> None:
    run = make_run(runs_folder, "big", "finished")
    (run.path / "worker.log").write_bytes(b"x" * 3_000_000)
    write_about(run.about_file, "", "")
    words = next(line for line in said(open_page()).splitlines() if "epoch 2 of 5" in line)
    assert 3.0 <= float(words.rpartition(" · ")[2].removesuffix(" MB")) < 4.0


def test_a_pair_is_deleted_after_a_question_and_comes_back_as_a_whole(runs_folder: Path) -> None:
    runs = make_pair(runs_folder)
    app = press(open_page("why"), "Delete both")
    assert "Both runs and all their snapshots will be deleted." in said(app)
    assert all(run.path.exists() for run in runs)
    app = press(app, "Delete", "answer")
    assert not app.exception
    assert "Deleted **torn" in said(app)
    assert "Nothing trained yet" in said(app)
    assert in_trash(runs_folder) == sorted(run.id for run in runs)
    app = press(app, "Undo")
    assert not app.exception
    assert all(run.path.exists() for run in runs)
    assert app.query_params["pair"] == "torn-1"


def test_a_pair_of_which_one_cannot_be_deleted_loses_neither_for_good(runs_folder: Path) -> None:
    runs = make_pair(runs_folder)
    app = press(open_page("why"), "Delete both")
    with living_worker(runs[1]):
        app = press(app, "Delete", "answer")
    assert "is being trained" in said(app)
    app = press(app, "Undo")
    assert all(run.path.exists() for run in runs)
