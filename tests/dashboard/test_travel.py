"""A run is exported from one laboratory's page and imported on another's."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from cvae_core.runs.run import Run, all_runs
from cvae_core.runs.snapshots import WEIGHTS_FILE, snapshot_epochs, snapshot_folder
from cvae_core.runs.summary import size_words
from dashboard.sections import archives
from dashboard.shared import actions
from dashboard.shared.widgets import plain
from tests.dashboard.app import open_page, press, run_until, said, select_box
from tests.dashboard.run_states import living_worker, make_run
from tests.runs.archives import everything_in, forged, packed, stopped_run, with_config
from tests.runs.examples import small_disk

UNDER_WAY = "import_task"


@pytest.fixture
def run(runs_folder: Path) -> Run:
    return make_run(runs_folder, "mine", "finished", epochs=3)


def downloads(app: AppTest) -> list[str]:
    return [str(element.proto.label) for element in app.get("download_button")]


def ready_file(app: AppTest, what: str) -> Path:
    file: Path = app.session_state["exported_files"][what][0].file
    return file


def test_an_archive_is_made_on_request(run: Run) -> None:
    app = open_page("train", run="mine")
    assert downloads(app) == []
    press(app, "Create archive")
    run_until(app, downloads)
    assert not app.error
    archive = ready_file(app, "archive")
    assert archive.read_bytes() == packed(run)
    assert downloads(app) == [f"Download mine.zip ({size_words(archive.stat().st_size)})"]
    assert "Contains 4 snapshots." in said(app)


def test_another_choice_is_another_file(run: Run) -> None:
    app = open_page("train", run="mine")
    app.button_group(key="archive_snapshots").set_value("last").run()
    press(app, "Create archive")
    run_until(app, downloads)
    assert ready_file(app, "archive").read_bytes() == packed(run, "last")
    app.button_group(key="archive_snapshots").set_value("all").run()
    assert downloads(app) == []


@pytest.mark.faults
@pytest.mark.slow
def test_the_network_is_made_in_a_process_of_its_own(run: Run) -> None:
    app = open_page("train", run="mine")
    app.selectbox(key="network_epoch_mine").set_value(1).run()
    press(app, "Create Keras files")
    assert "Stop" in {button.label for button in app.button}
    run_until(app, downloads)
    assert not app.error
    assert "mine-epoch-1-keras.zip" in downloads(app)[0]
    assert "style transfer" in said(app)
    with zipfile.ZipFile(ready_file(app, "network")) as files:
        assert {"model.keras", "draw_digits.py", "decoder/saved_model.pb"} <= set(files.namelist())


def test_work_can_be_stopped_and_leaves_nothing(run: Run) -> None:
    app = open_page("train", run="mine")
    press(app, "Create Keras files")
    folder = Path(app.session_state["export_task"].folder.name)
    press(app, "Stop")
    run_until(app, lambda app: "Create Keras files" in {button.label for button in app.button})
    assert not app.error and not downloads(app)
    assert not folder.exists()


def test_a_failure_is_one_sentence(run: Run) -> None:
    (snapshot_folder(run.snapshots_folder, 3) / WEIGHTS_FILE).write_bytes(b"torn")
    app = open_page("train", run="mine")
    press(app, "Create Keras files")
    run_until(app, lambda app: any("epoch 3 is damaged" in error.value for error in app.error[-1:]))
    assert not downloads(app)


def test_an_archive_too_large_for_the_browser_is_left_to_the_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MOST_BYTES", 1000)
    app = open_page("train", run="mine")
    assert "too large for a download" in said(app)
    assert "cvae runs export mine" in app.code[0].value
    assert "Create archive" not in {button.label for button in app.button}


def test_before_the_first_snapshot_nothing_can_be_exported(runs_folder: Path) -> None:
    young = make_run(runs_folder, "young", "running", epochs=0, snapshots=-1)
    with living_worker(young):
        app = open_page("train", run="young")
    assert "after the first snapshot" in said(app)


def begin_upload(app: AppTest, archive: bytes, name: str = "") -> AppTest:
    app.file_uploader[0].upload("run.zip", archive, "application/zip").run()
    if name:
        app.text_input(key="archive_name_0").set_value(name).run()
    return press(app, "Import")


def upload(app: AppTest, archive: bytes, name: str = "") -> AppTest:
    begin_upload(app, archive, name)
    run_until(app, lambda app: UNDER_WAY not in app.session_state)
    return app


@pytest.mark.parametrize("page", ["home", "train"])
def test_an_upload_becomes_a_run_and_is_shown(page: str, run: Run, runs_folder: Path) -> None:
    archive = packed(run)
    app = upload(open_page(page), archive, "there")
    assert not app.exception and not app.error
    assert [message.value for message in app.success] == ["Imported with 4 snapshots."]
    assert app.query_params["run"] == "there"
    assert select_box(app, "Run").value == "there"
    assert snapshot_epochs(Run(runs_folder / "there").snapshots_folder) == [0, 1, 2, 3]
    app.run()
    assert not app.success


def test_a_stopped_one_says_that_it_can_be_resumed(runs_folder: Path, tmp_path: Path) -> None:
    app = upload(open_page("train"), packed(stopped_run(tmp_path / "elsewhere", "far")))
    assert "This run had not finished. **Resume** continues its training." in app.success[0].value
    assert "Resume" in {button.label for button in app.button}


def test_a_bad_archive_is_one_sentence_and_leaves_nothing(run: Run, runs_folder: Path) -> None:
    before = everything_in(runs_folder)
    archive = packed(run)
    app = upload(open_page("home"), archive[:-100])
    assert [error.value for error in app.error] == [
        plain("The archive was refused because it is cut off, or something was appended to it. Nothing was imported.")
    ]
    assert everything_in(runs_folder) == before
    app = upload(open_page("home"), archive)
    assert ["already a run named" in error.value for error in app.error] == [True]
    assert everything_in(runs_folder) == before
    assert [item.id for item in all_runs(runs_folder)] == ["mine"]


def test_a_bad_name_is_reported_without_a_command(run: Run) -> None:
    app = begin_upload(open_page("train"), packed(run), "näme 😀")
    assert UNDER_WAY not in app.session_state
    assert [error.value.endswith(plain("under “Name and note”.")) for error in app.error] == [True]
    assert "cvae runs" not in app.error[0].value


def test_words_of_an_archive_are_no_markup(run: Run) -> None:
    def picture(files: Any, manifest: Any) -> None:
        with_config(files, **{"![](http://outside/picture.png)": 1})

    app = upload(open_page("train"), forged(packed(run), picture), "there")
    (error,) = app.error
    assert "no setting" in error.value
    assert "![" not in error.value and "](" not in error.value.replace("\\(", "") and "http:" not in error.value


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are put."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_an_import_can_be_stopped_and_leaves_nothing(run: Run, runs_folder: Path, temporary: Path) -> None:
    before = everything_in(runs_folder)
    app = begin_upload(open_page("home"), packed(run), "there")
    assert "Importing run\\.zip: 0%" in app.get("progress")[0].proto.text
    assert {button.label for button in app.button if button.disabled} == {"Import"}
    assert app.file_uploader[0].proto.disabled
    press(app, "Stop")
    run_until(app, lambda app: UNDER_WAY not in app.session_state)
    assert not app.error and not app.success
    assert everything_in(runs_folder) == before
    assert list(temporary.iterdir()) == []
    press(app, "Import")  # what was uploaded and typed is still there
    run_until(app, lambda app: app.success)
    assert app.query_params["run"] == "there"


def test_an_import_ends_when_nobody_waits_for_it_and_leaves_nothing(
    run: Run, runs_folder: Path, temporary: Path
) -> None:
    before = everything_in(runs_folder)
    task = actions.import_run(BytesIO(packed(run)), "there")
    ended = task._heard.ended
    assert list(temporary.iterdir()) == []  # what the process reads has no name that could stay behind
    del task  # as the session does that ends
    assert ended.wait(20)
    assert everything_in(runs_folder) == before


def test_a_busy_server_asks_to_wait_and_keeps_what_was_uploaded(
    run: Run, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.shared.tasks.MOST_AT_ONCE", 0)
    app = upload(open_page("home"), packed(run), "there")
    assert ["at work for others just now" in error.value for error in app.error] == [True]
    assert not next(button for button in app.button if button.label == "Import").disabled


def test_without_room_for_the_upload_nothing_is_imported(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = packed(run)
    with small_disk(tmp_path / "disk", size="8k") as disk:
        monkeypatch.setattr("tempfile.tempdir", str(disk))
        app = upload(open_page("home"), archive, "there")
        assert ["No space left on device" in error.value for error in app.error] == [True]
        assert list(disk.iterdir()) == []


def test_without_a_file_nothing_can_be_imported(runs_folder: Path) -> None:
    app = open_page("train")
    assert next(button for button in app.button if button.label == "Import").disabled


@pytest.mark.slow
def test_the_pages_of_an_imported_run_are_sent_the_same(run: Run, runs_folder: Path) -> None:
    """The players of all pages: what the browser draws, but for the names of the runs."""
    upload(open_page("train"), packed(run), "there")
    for page in ("latent", "manifold", "samples", "style"):
        ours, theirs = (
            [element.proto.bytes for element in open_page(page, run=name, epoch="2").get("bidi_component")]
            for name in ("mine", "there")
        )
        assert any(map(len, ours))
        assert [_nameless(sent) for sent in ours] == [_nameless(sent) for sent in theirs]


def _nameless(sent: bytes) -> Any:
    from dashboard.components.packing import unpack

    if not sent:
        return sent
    header, arrays = unpack(sent)
    plain = {key: value for key, value in header.items() if key not in ("run", "key", "identity", "view")}
    return plain, {name: array.tobytes() for name, array in arrays.items()}
