"""Each page in each of its worlds, run by Streamlit without a browser."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

import cvae_core
from cvae_core.config.presets import PRESETS
from cvae_core.config.run import SECTIONS, RunConfig
from cvae_core.errors import ConfigError
from cvae_core.runs.control import is_asked
from cvae_core.runs.run import Run
from cvae_core.workers import launcher
from dashboard.shared import actions
from tests.dashboard.app import choose_text, component_names, open_page, press, said, select_box
from tests.dashboard.run_states import living_worker, make_run


def train_page(run: str | None = None) -> AppTest:
    return open_page("train") if run is None else open_page("train", run=run)


def buttons(app: AppTest) -> set[str]:
    return {button.label for button in app.button} - {"New run", "Create archive", "Create Keras files"}


def picture_count(app: AppTest) -> int:
    return sum(name != "auto_refresh" for name in component_names(app))


def places(app: AppTest) -> list[str]:
    """The blocks and elements of the page, in order: the label of each, or its type."""
    return [str(getattr(child, "label", child.type)) for child in app.main.children.values()]


def heartbeats(app: AppTest) -> list[float]:
    """After how many seconds each part of the page that renews itself does so."""
    found = (element.proto for element in app.get("bidi_component"))
    return [json.loads(proto.json)["seconds"] for proto in found if proto.component_name.endswith(".auto_refresh")]


def test_home_explains_itself_when_there_is_no_run(runs_folder: Path) -> None:
    app = open_page()
    assert not app.exception
    assert "conditional variational autoencoder" in said(app)
    assert "No run yet" in said(app)
    assert f"CVAE laboratory {cvae_core.__version__}" in said(app)


def test_home_lists_runs_with_their_states_and_hides_none_for_a_broken_one(runs_folder: Path) -> None:
    make_run(runs_folder, "done", "finished", 5)
    broken = make_run(runs_folder, "broken", "finished", 5)
    broken.config_file.write_text("{")
    make_run(runs_folder, "cut", "running")
    app = open_page()
    assert not app.exception
    text = said(app)
    for word in ("Finished", "Broken", "Interrupted", "epoch 5 of 5", "not valid JSON"):
        assert word in text, word


def test_home_with_damaged_metrics_or_config_still_lists_the_run(runs_folder: Path) -> None:
    for name in ("config.json", "status.json"):
        run = make_run(runs_folder, f"no-{name.partition('.')[0]}", "finished")
        (run.path / name).unlink()
    app = open_page()
    assert not app.exception
    text = said(app)
    assert text.count("Broken") == 1 and "The configuration of the run is missing" in text
    assert text.count("Interrupted") == 1 and "The status of the run is missing" in text, "its weights are whole"


def test_train_without_runs_offers_the_form(runs_folder: Path) -> None:
    app = train_page()
    assert not app.exception
    assert "Train" in buttons(app)
    assert select_box(app, "Run").value == ""


def test_every_setting_has_a_widget_with_its_help_and_further_reading(runs_folder: Path) -> None:
    app = train_page()
    shown = {
        element.key.removeprefix("setting_quick_"): element.help
        for kind in (app.number_input, app.selectbox, app.toggle, app.text_input)
        for element in kind
        if element.key and element.key.startswith("setting_")
    }
    fields = {name: field for section in SECTIONS.values() for name, field in section.model_fields.items()}
    assert shown.keys() == fields.keys() - {"dataset", "kind"}
    for name, explanation in shown.items():
        assert explanation.startswith(fields[name].description or "")
        assert "[Read more](https://" in explanation


def started_config(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[RunConfig]:
    """Catch what the page would start."""
    caught: list[RunConfig] = []

    def start(self: launcher.Launcher, folder: Path, config: RunConfig, name: str | None = None) -> Run:
        caught.append(config)
        return make_run(folder, name or "started", "queued", 0)

    monkeypatch.setattr("cvae_core.workers.launcher.Launcher.start", start)
    return caught


@pytest.mark.parametrize("preset", list(PRESETS))
def test_the_button_starts_what_the_preset_says_and_shows_the_run(
    preset: str, runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught = started_config(monkeypatch, runs_folder)
    app = train_page()
    app.button_group(key="preset").set_value(preset).run()
    next(button for button in app.button if button.label == "Train").click().run()
    assert not app.exception
    assert caught == [PRESETS[preset]()]
    assert app.query_params["run"] == "started"
    assert select_box(app, "Run").value == "started"


def test_a_changed_setting_is_started(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    caught = started_config(monkeypatch, runs_folder)
    app = train_page()
    app.number_input(key="setting_quick_latent_dim").set_value(3).run()
    app.text_input(key="setting_quick_hidden_widths").set_value("64, 32").run()
    app.text_input(key="run_name").set_value("mine").run()
    next(button for button in app.button if button.label == "Train").click().run()
    assert not app.exception
    assert (caught[0].model.latent_dim, caught[0].model.hidden_widths) == (3, (64, 32))
    assert app.query_params["run"] == "mine"


def test_the_cost_is_shown_and_too_much_memory_has_to_be_forced(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    caught = started_config(monkeypatch, runs_folder)
    app = train_page()
    assert "413,984 parameters, about 1.1 GB of memory, up to 38.3 MB of disk for 14 snapshots" in said(app)
    assert "the time is known after the first epoch" in said(app)
    monkeypatch.setattr("cvae_core.workers.quotas.machine_memory", lambda: 10**9)
    app.run()
    assert "This training needs about 1.1 GB of memory; a training may use 75% of this machine's 1.0 GB." in said(app)
    next(button for button in app.button if button.label == "Train").click().run()
    assert (len(app.error), len(app.warning), caught) == (1, 0, [])
    app.checkbox(key="force_training").check().run()
    next(button for button in app.button if button.label == "Train").click().run()
    assert (len(app.error), caught) == (0, [PRESETS["quick"]()])


def test_a_server_with_limits_lets_nobody_force(runs_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CVAE_MAX_PARAMETERS", "1000000")
    monkeypatch.setenv("CVAE_MAX_STORAGE", "500")
    monkeypatch.setattr("cvae_core.workers.quotas.machine_memory", lambda: 10**9)
    app = train_page()
    assert "Limits for one training: 1,000,000 parameters and 500 MB of disk" in said(app)
    assert "This training needs about 1.1 GB" in said(app) and "anyway" not in said(app)
    assert len(app.checkbox) == 0
    with pytest.raises(ConfigError):
        actions.start(PRESETS["quick"](), None, force=True)


def test_a_pair_that_needs_too_much_memory_is_not_advised_a_checkbox(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cvae_core.workers.quotas.machine_memory", lambda: 10**8)
    with pytest.raises(ConfigError, match="of memory") as raised:
        actions.start_comparison({})
    assert raised.value.advice and actions.FORCE_LABEL not in raised.value.advice


def test_a_run_that_needs_too_much_memory_is_not_resumed_here(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run(runs_folder, "run", "stopped")
    monkeypatch.setattr("cvae_core.workers.quotas.machine_memory", lambda: 10**8)
    with pytest.raises(ConfigError, match="cvae resume --force"):
        actions.resume(run)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("setting_quick_hidden_widths", "none", "Hidden widths: expected a list of"),
        ("setting_quick_hidden_widths", "0", "Hidden widths: expected"),
        ("setting_quick_learning_rate", 0.0, "Learning rate: expected"),
        ("setting_quick_latent_dim", 0, "Latent dimensions: expected"),
        ("run_name", "a/b", "cannot be the name"),
    ],
)
def test_a_bad_setting_is_one_message_and_no_run(key: str, value: Any, words: str, runs_folder: Path) -> None:
    app = train_page()
    widget = app.number_input(key=key) if isinstance(value, float | int) else app.text_input(key=key)
    widget.set_value(value).run()
    next(button for button in app.button if button.label == "Train").click().run()
    assert not app.exception
    assert [words in str(error.value) for error in app.error] == [True]
    assert not app.warning
    assert not list(runs_folder.iterdir())


def test_a_bad_setting_is_reported_before_the_click_and_moves_no_setting(runs_folder: Path) -> None:
    app = train_page()
    place = places(app).index("All settings")
    app.text_input(key="setting_quick_hidden_widths").set_value("abc").run()
    assert ["Hidden widths: expected" in str(warning.value) for warning in app.warning] == [True]
    press(app, "Train")
    assert places(app).index("All settings") == place, "an expander that moves closes"


def test_a_bad_name_is_reported_without_a_command(runs_folder: Path) -> None:
    app = train_page()
    app.text_input(key="run_name").set_value("näme 😀").run()
    press(app, "Train")
    assert [error.value.endswith("under “Name and note”.") for error in app.error] == [True]
    assert "cvae runs" not in app.error[0].value


STATES = {
    "queued": ({"Pause", "Stop", "Save"}, "Starting"),
    "running": ({"Pause", "Stop", "Save"}, ""),
    "paused": ({"Continue", "Stop", "Save"}, ""),
}


@pytest.mark.parametrize("state", list(STATES))
def test_a_living_run_can_be_paused_and_stopped(state: Any, runs_folder: Path) -> None:
    run = make_run(runs_folder, "alive", state)
    wanted, words = STATES[state]
    with living_worker(run):
        app = train_page("alive")
        assert not app.exception
        assert buttons(app) == wanted
        assert words in said(app)
        assert picture_count(app) == 3
        assert heartbeats(app) == [0.6]
        next(button for button in app.button if button.label == "Stop").click().run()
    assert not app.exception
    assert is_asked(run.control_folder, "stop")


def test_a_run_that_waits_says_for_which(runs_folder: Path) -> None:
    run, other = make_run(runs_folder, "alive", "queued"), make_run(runs_folder, "other", "running")
    with living_worker(run):
        assert "Waiting for" not in said(train_page("alive"))
        with living_worker(other):
            assert "Waiting for **other**" in said(train_page("alive"))


IDLE = {"Save", "Thin out", "Delete"}
ENDED = {
    "finished": (IDLE, ""),
    "stopped": (IDLE | {"Resume"}, ""),
    "failed": (IDLE | {"Resume"}, "NaN"),
    "running": (IDLE | {"Resume"}, "Resume"),
}


@pytest.mark.parametrize("written", list(ENDED))
def test_a_run_without_a_worker_shows_its_record(written: Any, runs_folder: Path) -> None:
    make_run(runs_folder, "ended", written)
    wanted, words = ENDED[written]
    app = train_page("ended")
    assert not app.exception
    assert buttons(app) == wanted
    assert words in said(app)
    assert picture_count(app) == 3
    assert heartbeats(app) == [4.0]  # it only looks whether the run lives again
    assert len(app.get("plotly_chart")) == 5  # they stand still and can be zoomed
    assert not app.get("vega_lite_chart")
    app.toggle(key="log_losses").set_value(True).run()
    axes = [json.loads(chart.proto.spec)["layout"].get("yaxis", {}).get("type") for chart in app.get("plotly_chart")]
    assert axes.count("log") == 4


def test_a_run_before_its_first_snapshot_says_what_comes(runs_folder: Path) -> None:
    run = make_run(runs_folder, "young", "running", epochs=0, snapshots=-1)
    with living_worker(run):
        app = train_page("young")
    assert not app.exception
    assert "first snapshot" in said(app)
    assert picture_count(app) == 0


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", "", "empty"),
        ("status.json", '{"schema_version": 9}', "schema version 9"),
        ("metrics.jsonl", "nonsense\n", "cannot be read"),
        ("snapshots/000002/weights.safetensors", "nonsense", "epoch 2 is damaged"),
    ],
)
def test_a_damaged_run_says_what_is_wrong_and_stands_alone(
    file: str, content: str, words: str, runs_folder: Path
) -> None:
    make_run(runs_folder, "whole", "finished")
    damaged = make_run(runs_folder, "damaged", "finished")
    (damaged.path / file).write_text(content)
    app = train_page("damaged")
    assert not app.exception
    assert words in said(app)
    assert "Delete" in buttons(app)
    whole = train_page("whole")
    assert not whole.exception
    assert not whole.error


@pytest.mark.parametrize("name", ["missing", "../outside", "", "a\x00b"])
def test_a_link_to_no_run_says_so_and_offers_the_form(name: str, runs_folder: Path) -> None:
    make_run(runs_folder, "there", "finished")
    app = train_page(name)
    assert not app.exception
    assert "Train" in buttons(app)
    if name:
        assert "no run named" in said(app)


def test_a_text_that_is_no_run_is_no_choice(runs_folder: Path) -> None:
    make_run(runs_folder, "old", "finished")
    app = train_page("old")
    choose_text(select_box(app, "Run"), "old  ·  under way")
    assert not app.exception
    assert not app.warning
    assert (app.query_params["run"], select_box(app, "Run").value) == ("old", "old")


def test_from_a_run_back_to_the_form(runs_folder: Path) -> None:
    make_run(runs_folder, "old", "finished")
    app = train_page("old")
    next(button for button in app.button if button.label == "New run").click().run()
    assert not app.exception
    assert "Train" in buttons(app)
    assert "run" not in app.query_params


def test_a_runs_folder_that_cannot_be_written_is_one_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("CVAE_RUNS", str(tmp_path / "file" / "runs"))
    assert not open_page().exception
    app = train_page()
    next(button for button in app.button if button.label == "Train").click().run()
    assert not app.exception
    assert ["could not be written" in str(error.value) for error in app.error] == [True]


def test_the_label_of_the_train_page_is_in_its_address(runs_folder: Path) -> None:
    make_run(runs_folder, "done", "finished")
    app = open_page("train", run="done", label="7")
    assert not app.warning
    assert app.query_params["label"] == "7"
    assert app.button_group(key="choice_label").value == 7
    wrong = open_page("train", run="done", label="seven")
    assert "label=seven" in wrong.warning[0].value


def test_a_label_that_the_data_do_not_have_is_reported_on_train(runs_folder: Path) -> None:
    make_run(runs_folder, "done", "finished")
    app = open_page("train", run="done", label="99")
    assert "There is no label 99: MNIST handwritten digits has those from 0 to 9." in app.warning[0].value
    assert "label" not in app.query_params


def test_losses_of_an_older_epoch_say_so(runs_folder: Path) -> None:
    run = make_run(runs_folder, "cut", "finished", 5)
    lines = run.metrics_file.read_bytes().splitlines(keepends=True)
    run.metrics_file.write_bytes(b"".join(line for line in lines if b'"epoch": 5' not in line))
    assert {"Epochs", "Negative ELBO, epoch 4"} <= {metric.label for metric in open_page("train", run="cut").metric}
