"""Long tasks run beside the page: exported animations, and evaluation."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from cvae_core.analysis.generation import ManifoldView
from cvae_core.analysis.latent import LatentView
from cvae_core.analysis.style import StyleView, TestImage
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.data import load_test_data
from cvae_core.evaluation import evaluate
from cvae_core.export.animation_task import save_animations
from cvae_core.rendering.pictures import PictureView
from cvae_core.runs.run import Run
from tests.dashboard.app import open_page, press, run_until, said
from tests.dashboard.run_states import make_run
from tests.dashboard.test_time_machine import network


@pytest.fixture
def run(runs_folder: Path) -> Run:
    return make_run(runs_folder, "done", "finished", epochs=3)


def heat_maps(app: AppTest) -> list[np.ndarray]:
    """The numbers of each heat map on the page, which Plotly packs as base64."""
    packed = [json.loads(chart.proto.spec)["data"][0]["z"] for chart in app.get("plotly_chart")]
    return [
        np.frombuffer(base64.b64decode(z["bdata"]), z["dtype"]).reshape(tuple(map(int, z["shape"].split(","))))
        for z in packed
    ]


@pytest.mark.slow
def test_whether_the_style_is_kept_is_measured_on_request(run: Run) -> None:
    app = open_page("style", run="done", epoch="2")
    assert not heat_maps(app)
    press(app, "Evaluate epoch 2")
    assert "Stop" in [button.label for button in app.button]
    run_until(app, heat_maps)
    expected = evaluate(network(run, 2), load_test_data(run.config().data).test)
    sentence = expected.style.sentence()
    assert f"{sentence[0].upper()}{sentence[1:]}." in said(app)
    assert f"{expected.accuracy_sentence()}." in said(app)
    for found, table in zip(heat_maps(app), (expected.style.slant, expected.style.thickness), strict=True):
        np.testing.assert_allclose(found, table)
    other = open_page("style", run="done", epoch="1")
    assert f"Epoch 2: {sentence}" in said(other)
    assert not heat_maps(other)


def test_a_measure_can_be_stopped_and_begun_again(run: Run) -> None:
    app = open_page("style", run="done", epoch="1")
    press(app, "Evaluate epoch 1")
    press(app, "Stop")
    run_until(app, lambda app: "Evaluate epoch 1" in [button.label for button in app.button])
    assert not app.error
    assert not heat_maps(app)


ANIMATIONS = [
    ("manifold", {"label": "4"}, "manifold_4.gif", ManifoldView(label=4)),
    ("latent", {"label": "4"}, "z_distr_4.gif", LatentView(label=4)),
    ("latent", {"label": "all"}, "z_distr.gif", LatentView()),
    ("style", {}, "style.gif", StyleView()),
    (
        "manifold",
        {"label": "1", "size": "4", "range": "0.2,0.7", "x": "2", "y": "1"},
        "manifold_1_z2_z1.gif",
        ManifoldView(label=1, dimensions=(1, 0), quantiles=(0.2, 0.7), size=4),
    ),
    (
        "latent",
        {"label": "4", "axes": "pc"},
        "z_distr_4_pc.gif",
        LatentView(label=4, principal_epoch=3),
    ),
    (
        "style",
        {"source": "picked", "picked": "5,2", "invert": "yes"},
        "style.gif",
        StyleView(sources=(TestImage(index=5), TestImage(index=2)), invert=True),
    ),
]


@pytest.mark.parametrize(("page", "choices", "name", "view"), ANIMATIONS)
def test_what_is_shown_can_be_exported_as_an_animation(
    page: str, choices: dict[str, str], name: str, view: PictureView, run: Run, tmp_path: Path
) -> None:
    app = open_page(page, run="done", **choices)
    press(app, "Create animation")
    run_until(app, lambda app: app.get("download_button"))
    assert not app.error
    (download,) = app.get("download_button")
    assert f"Download {name} (" in download.proto.label
    save_animations(TrainedRun(run), [(view, tmp_path / name)])
    assert app.session_state["exported_animation"].content == (tmp_path / name).read_bytes()


def test_the_animations_of_all_labels_come_in_one_archive(run: Run) -> None:
    app = open_page("manifold", run="done", label="all", size="3")
    press(app, "Create 10 animations")
    run_until(app, lambda app: app.get("download_button"))
    (download,) = app.get("download_button")
    assert "Download manifold_animations.zip (" in download.proto.label
    with zipfile.ZipFile(io.BytesIO(app.session_state["exported_animation"].content)) as archive:
        assert archive.namelist() == [f"manifold_{label}.gif" for label in range(10)]
        frames = [Image.open(archive.open(name)).n_frames for name in archive.namelist()]
    assert frames == [4] * 10


def test_an_animation_can_be_stopped_and_leaves_nothing(runs_folder: Path) -> None:
    make_run(runs_folder, "long", "finished", epochs=40)  # longer than any machine takes from the start to the stop
    app = open_page("manifold", run="long", label="all", size="30")
    press(app, "Create 10 animations")
    folder = Path(app.session_state["animation_task"].folder.name)
    press(app, "Stop")
    run_until(app, lambda app: "Create 10 animations" in [button.label for button in app.button])
    assert not app.error
    assert not app.get("download_button")
    assert not folder.exists()


def test_a_server_that_has_enough_to_do_says_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("style", run="done", epoch="0")
    monkeypatch.setattr("dashboard.shared.tasks.MOST_AT_ONCE", 0)
    press(app, "Evaluate epoch 0")
    assert not app.exception
    assert "Try again in a moment" in app.toast[0].value
    assert "Evaluate epoch 0" in [button.label for button in app.button]
