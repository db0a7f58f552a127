"""The page “Why condition?” in all its states, run by Streamlit without a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cvae_core.analysis.toy import ToyView
from cvae_core.analysis.views import compute
from cvae_core.architecture import plan
from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.data import dataset_shape, load_test_data
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import WEIGHTS_FILE, load_snapshot, publish_snapshot, snapshot_folder
from cvae_core.runs.status import Status, WrittenState, write_status
from cvae_core.workers import launcher
from dashboard.components.packing import unpack
from dashboard.shared.comparisons import MODELS
from tests.dashboard.app import open_page, said, select_box
from tests.dashboard.run_states import living_worker, make_run

SETTINGS = {"points": 40, "epochs": 9, "hidden_widths": (8,), "snapshot_every": 3}


def make_member(folder: Path, name: str, model: str, state: WrittenState, latent_dim: int = 1) -> Run:
    config = preset(MODELS[model]).with_settings({**SETTINGS, "latent_dim": latent_dim})
    run = create_run(folder, config, f"{name}-{model}")
    shapes = plan(config.model, dataset_shape(config.data)).weight_shapes()
    for epoch in (0, 3, 6, 9):
        random = np.random.default_rng(epoch)
        weights = {part: random.normal(0, 0.5, shape).astype(np.float32) for part, shape in shapes.items()}
        publish_snapshot(run.snapshots_folder, epoch, weights)
    write_status(run.status_file, Status(state, 9, epoch=9, steps_per_epoch=3, images_per_second=1e4, seconds=1.0))
    return run


def make_pair(folder: Path, name: str = "torn-1", state: WrittenState = "finished", latent_dim: int = 1) -> list[Run]:
    return [make_member(folder, name, model, state, latent_dim) for model in MODELS]


@contextmanager
def living(runs: list[Run]) -> Iterator[None]:
    with ExitStack() as stack:
        for run in runs:
            stack.enter_context(living_worker(run))
        yield


def pictures(app: AppTest) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [unpack(element.proto.bytes) for element in app.get("bidi_component") if element.proto.bytes]


def player(app: AppTest) -> tuple[dict[str, Any], dict[str, Any]]:
    (found,) = (picture for picture in pictures(app) if "picture" in picture[0])
    return found


def data_shown(app: AppTest) -> tuple[dict[str, Any], dict[str, Any]]:
    (found,) = (picture for picture in pictures(app) if "picture" not in picture[0])
    return found


def labels(app: AppTest) -> set[str]:
    return {button.label for button in app.button}


def test_without_a_comparison_the_page_explains_itself_and_offers_the_training(runs_folder: Path) -> None:
    app = open_page("why")
    assert not app.exception
    assert "builds a bridge" in said(app)
    assert "Nothing trained yet" in said(app)
    assert labels(app) == {"Train both"}


def test_runs_of_other_names_are_compared_if_their_settings_are_the_same(runs_folder: Path) -> None:
    for run, name in zip(make_pair(runs_folder), ("20261128-1-torn-manifold", "20261128-2-conditional"), strict=True):
        run.path.rename(run.path.with_name(name))
    assert player(open_page("why"))[0]["epoch"] == 9


def test_the_data_of_the_settings_are_shown_before_anything_learns_them(runs_folder: Path) -> None:
    app = open_page("why")
    header, arrays = data_shown(app)
    data = load_test_data(preset(MODELS["plain"]).data)
    np.testing.assert_array_equal(arrays["points"], data.test.images.reshape(-1, 2))
    np.testing.assert_array_equal(arrays["labels"], data.test.labels)
    assert header["caption"].endswith("sine arc and circle.")
    next(field for field in app.number_input if field.label == "Pieces").set_value(3).run()
    assert not app.exception
    header, arrays = data_shown(app)
    assert header["class_names"] == ["sine arc", "circle", "second circle"]
    left, right, _, top = header["extent"]
    x, y = arrays["piece_2"].T
    assert left < x.min() < x.max() < right
    assert y.max() < top
    assert set(arrays["labels"]) == {0, 1, 2}


def test_an_epoch_that_is_missing_is_reported_with_the_one_that_is_shown(runs_folder: Path) -> None:
    runs = make_pair(runs_folder)
    shown = "There are no snapshots of epoch 5; the nearest, of epoch 6, are shown."
    app = open_page("why", pair_epoch="5")
    assert player(app)[0]["epoch"] == 6
    assert said(app).count(shown) == 1
    assert said(app.run()).count(shown) == 1
    assert shown not in said(open_page("why", pair_epoch="6"))
    shutil.rmtree(runs[0].snapshots_folder / "000009")
    assert "The snapshot of epoch 9, the last, is missing; the newest is of epoch 6." in said(open_page("why"))


def test_the_newest_pair_is_shown_with_what_its_networks_make_of_the_data(runs_folder: Path) -> None:
    runs = make_pair(runs_folder)
    app = open_page("why", pair_epoch="3")
    assert not app.exception
    assert app.query_params["pair"] == "torn-1"
    header, arrays = player(app)
    assert (header["epochs"], header["epoch"], header["alive"]) == ([0, 3, 6, 9], 3, False)
    for model, run in zip(MODELS, runs, strict=True):
        config = run.config()
        data = load_test_data(config.data)
        network = FoldedNetwork(config.model, data.shape, load_snapshot(run.snapshots_folder, 3))
        expected = compute(network, data, ToyView(data=config.data))
        np.testing.assert_array_equal(arrays[f"frame/reconstruction_{model}"][0], expected.reconstructions)
        np.testing.assert_array_equal(arrays[f"frame/sweep_{model}"][0][0], expected.swept[0].points)
        assert arrays[f"frame/off_manifold_{model}"][0] == pytest.approx(
            [expected.off_manifold.reconstructions, expected.off_manifold.curve]
        )
        assert arrays[f"frame/distance_{model}"][0] == pytest.approx(expected.input_distance)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("points", 0, "at least 1 and at most 20000"),
        ("noise", -0.06, "at least 0 and at most 1"),
        ("latent_dim", 0, "at least 1 and at most 100"),
        ("latent_dim", 101, "at least 1 and at most 100"),
        ("pieces", 1, "at least 2 and at most 5"),
        ("epochs", 0, "at least 1"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence_and_nothing_is_started(
    runs_folder: Path, name: str, value: float, expected: str
) -> None:
    app = open_page("why")
    app.number_input(key=f"setting_torn-manifold_{name}").set_value(value).run()
    next(button for button in app.button if button.label == "Train both").click().run()
    assert not app.exception
    (error,) = app.error
    title = app.number_input(key=f"setting_torn-manifold_{name}").label
    assert error.value.startswith(f"{title}: expected ")
    assert error.value.endswith(f"; got {value}.")
    assert not app.warning, "said once"
    assert expected in error.value
    assert not list(runs_folder.iterdir())


@pytest.mark.parametrize("latent_dim", [2, 100])
def test_a_code_of_several_numbers_has_no_curve(runs_folder: Path, latent_dim: int) -> None:
    make_pair(runs_folder, latent_dim=latent_dim)
    app = open_page("why")
    assert not app.exception
    _, arrays = player(app)
    assert "frame/sweep_plain" not in arrays
    assert np.isnan(arrays["frame/off_manifold_plain"][0][1])


def test_a_pair_that_trains_is_followed_and_can_be_stopped(runs_folder: Path) -> None:
    runs = make_pair(runs_folder, state="running")
    with living(runs):
        app = open_page("why")
        header, _ = player(app)
        assert (header["alive"], header["follow"], header["epoch"]) == (True, True, 9)
        assert labels(app) == {"Train both", "Stop both"}
        assert any("points/s" in str(bar.proto.text) for bar in app.get("progress"))
        next(button for button in app.button if button.label == "Stop both").click().run()
    assert all((run.control_folder / "stop").exists() for run in runs)


def test_a_pair_whose_workers_are_gone_can_be_resumed(runs_folder: Path) -> None:
    make_pair(runs_folder, state="running")
    assert "Resume both" in labels(open_page("why"))


def test_pressing_train_starts_both_with_the_settings_chosen(
    runs_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[tuple[str, RunConfig]] = []

    def start(self: launcher.Launcher, folder: Path, config: RunConfig, name: str | None = None) -> Run:
        started.append((name or "", config))
        return create_run(folder, config, name)

    monkeypatch.setattr("cvae_core.workers.launcher.Launcher.start", start)
    app = open_page("why")
    app.number_input(key="setting_torn-manifold_pieces").set_value(3).run()
    next(button for button in app.button if button.label == "Train both").click().run()
    assert not app.exception
    assert [config.model.conditional for _, config in started] == [False, True]
    assert [config.data.pieces for _, config in started] == [3, 3]
    assert {name.rpartition("-")[0] for name, _ in started} == {app.query_params["pair"]}


def test_a_link_to_no_pair_or_with_nonsense_says_so(runs_folder: Path) -> None:
    make_pair(runs_folder)
    app = open_page("why", pair="gone")
    assert not app.exception
    assert "no comparison named “gone”" in app.warning[0].value
    app = open_page("why", pair="../x", pair_epoch="x")
    assert not app.exception
    assert len(app.warning) == 2
    assert player(app)[0]["epochs"]


def test_a_damaged_snapshot_is_a_sentence_in_its_place(runs_folder: Path) -> None:
    runs = make_pair(runs_folder)
    (snapshot_folder(runs[0].snapshots_folder, 6) / WEIGHTS_FILE).write_text("nonsense")
    app = open_page("why", pair="torn-1", pair_epoch="6")
    assert not app.exception
    assert "epoch 6 is damaged" in player(app)[0]["failed"]["6"]


def test_a_snapshot_whose_shape_does_not_fit_its_config_is_a_sentence_in_its_place(runs_folder: Path) -> None:
    runs = make_pair(runs_folder)
    weights = load_snapshot(runs[1].snapshots_folder, 6)
    name = next(iter(weights))
    shutil.rmtree(snapshot_folder(runs[1].snapshots_folder, 6))
    publish_snapshot(runs[1].snapshots_folder, 6, {**weights, name: weights[name][:-1]})
    header, _ = player(open_page("why", pair_epoch="6"))
    assert list(header["failed"]) == ["6"]
    assert "does not fit the configuration" in header["failed"]["6"]
    assert header["epochs"] == [0, 3, 6, 9]


def test_a_pair_deleted_while_its_page_is_open_is_missed_and_another_can_be_chosen(runs_folder: Path) -> None:
    gone, _ = make_pair(runs_folder, "torn-1"), make_pair(runs_folder, "torn-2")
    app = open_page("why", pair="torn-1")
    shutil.rmtree(gone[0].path)
    app.run()
    assert not app.exception
    assert "no comparison named “torn-1”" in app.warning[0].value
    select_box(app, "Comparison").set_value("torn-2").run()
    assert not app.exception
    assert not app.warning
    assert app.query_params["pair"] == "torn-2"
    assert player(app)[0]["epochs"]


def test_runs_of_the_pair_are_no_runs_of_images(runs_folder: Path) -> None:
    make_pair(runs_folder)
    for page in ("latent", "manifold", "samples"):
        assert "No trained model yet" in said(open_page(page))
    app = open_page("train", run="torn-1-plain")
    assert not app.exception
    assert "learns the toy data set" in said(app)


@pytest.mark.parametrize("page", ["latent", "manifold", "samples", "style"])
def test_a_page_of_pictures_says_where_the_toy_data_are(page: str, runs_folder: Path) -> None:
    make_pair(runs_folder)
    make_run(runs_folder, "done", "finished")
    app = open_page(page, run="torn-1-plain")
    assert not app.exception
    assert not app.warning
    assert "learns the toy data set" in said(app)
    assert "why" in [link.proto.page for link in app.get("page_link")]
    assert "done" in str(select_box(app, "Run").options)
