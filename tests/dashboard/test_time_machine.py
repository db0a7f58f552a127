"""The pages over a run's snapshots in each of their worlds, run by Streamlit without a browser."""

from __future__ import annotations

import base64
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.runtime.caching import clear_session_resource_cache
from streamlit.testing.v1 import AppTest

from cvae_core.analysis.generation import ManifoldView, SamplesView
from cvae_core.analysis.views import compute
from cvae_core.data import dataset_shape, load_dataset, load_test_data
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import WEIGHTS_FILE, load_snapshot, publish_snapshot, snapshot_folder
from cvae_core.runs.status import Status, write_status
from dashboard.cache import networks
from dashboard.components.packing import unpack
from tests.dashboard.app import choose_text, component_names, open_page, said, select_box
from tests.dashboard.run_states import living_worker, make_run, random_weights, tiny_config

PAGES = ("latent", "manifold", "samples", "style")


@pytest.fixture
def run(runs_folder: Path) -> Run:
    return make_run(runs_folder, "done", "finished", epochs=3)


def make_wide_run(folder: Path, name: str) -> Run:
    """A run whose code has four dimensions."""
    config = tiny_config().with_settings({"latent_dim": 4})
    run = create_run(folder, config, name)
    publish_snapshot(run.snapshots_folder, 0, random_weights(config, 0))
    write_status(run.status_file, Status("finished", config.train.epochs))
    return run


def player(app: AppTest) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the page's player was sent."""
    blobs = [element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes]
    assert len(blobs) == 1
    return unpack(blobs[0])


def network(run: Run, epoch: int) -> FoldedNetwork:
    config = run.config()
    return FoldedNetwork(config.model, dataset_shape(config.data), load_snapshot(run.snapshots_folder, epoch))


def shown(run: Run, epoch: int, view: ManifoldView | SamplesView) -> np.ndarray[Any, Any]:
    """The tiles of a view; of a manifold those of its label."""
    tiles = compute(network(run, epoch), load_test_data(run.config().data), view).tiles
    return tiles[0] if isinstance(view, ManifoldView) else tiles


@pytest.mark.parametrize("page", PAGES)
def test_without_a_run_the_page_says_what_to_do(page: str, runs_folder: Path) -> None:
    app = open_page(page)
    assert not app.exception
    assert "No trained model yet" in said(app)


@pytest.mark.parametrize("page", PAGES)
def test_without_a_choice_the_newest_run_is_shown_and_the_address_names_it(page: str, run: Run) -> None:
    app = open_page(page)
    assert not app.exception
    assert not app.warning
    assert app.query_params["run"] == run.id
    header, _ = player(app)
    assert (header["epochs"], header["epoch"], header["alive"]) == ([0, 1, 2, 3], 3, False)


@pytest.mark.parametrize("page", PAGES)
def test_a_run_that_lives_is_renewed_and_can_be_followed(page: str, runs_folder: Path) -> None:
    young = make_run(runs_folder, "young", "running", epochs=1)
    with living_worker(young):
        app = open_page(page, run="young")
        header, _ = player(app)
        assert header["alive"]
        assert any("auto_refresh" in element.proto.component_name for element in app.get("bidi_component"))


@pytest.mark.parametrize("page", PAGES)
def test_a_living_run_is_followed_until_an_epoch_is_chosen(page: str, runs_folder: Path) -> None:
    young = make_run(runs_folder, "young", "running", epochs=1)
    with living_worker(young):
        app = open_page(page, run="young")
        assert (player(app)[0]["follow"], player(app)[0]["epoch"]) == (True, 1)
        publish_snapshot(young.snapshots_folder, 2, random_weights(young.config(), 2))
        header, _ = player(app.run())
        assert (header["follow"], header["epoch"], app.query_params["epoch"]) == (True, 2, "newest")
        app.query_params["epoch"] = "1"
        header, _ = player(app.run())
        assert (header["follow"], header["epoch"], app.query_params["epoch"]) == (False, 1, "1")
        app.query_params["epoch"] = "newest"
        header, _ = player(app.run())
        assert (header["follow"], header["epoch"]) == (True, 2)


@pytest.mark.parametrize("page", PAGES)
def test_a_living_run_waits_for_its_first_epoch_and_then_moves_on(page: str, runs_folder: Path) -> None:
    young = make_run(runs_folder, "young", "running", epochs=0)
    with living_worker(young):
        app = open_page(page, run="young")
        assert "Waiting for the first epoch" in said(app)
        assert "player" not in str(component_names(app))
        publish_snapshot(young.snapshots_folder, 1, random_weights(young.config(), 1))
        assert player(app.run())[0]["epoch"] == 1
        assert player(open_page(page, run="young", epoch="0"))[0]["epoch"] == 0


def test_an_epoch_chosen_in_another_run_does_not_hold_in_one_that_trains(run: Run, runs_folder: Path) -> None:
    young = make_run(runs_folder, "young", "running", epochs=1)
    app = open_page("samples", run="done", epoch="3")
    with living_worker(young):
        app.query_params["run"] = "young"
        header, _ = player(app.run())
    assert (header["follow"], header["epoch"]) == (True, 1)
    assert not app.warning


@pytest.mark.parametrize("page", PAGES)
def test_before_the_first_snapshot_the_page_says_what_comes(page: str, runs_folder: Path) -> None:
    young = make_run(runs_folder, "young", "running", epochs=0, snapshots=-1)
    with living_worker(young):
        app = open_page(page, run="young")
    assert not app.exception
    assert "first snapshot" in said(app)


@pytest.mark.parametrize("page", PAGES)
def test_a_broken_run_says_why_and_another_can_be_chosen(page: str, run: Run, runs_folder: Path) -> None:
    broken = make_run(runs_folder, "broken", "finished")
    broken.config_file.write_text("{")
    app = open_page(page, run="broken")
    assert not app.exception
    assert "not valid JSON" in app.error[0].value
    select_box(app, "Run").set_value("done").run()
    assert not app.error
    assert player(app)[0]["epochs"]


@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_no_run_says_so_and_offers_those_that_there_are(page: str, run: Run) -> None:
    app = open_page(page, run="gone")
    assert not app.exception
    assert "no run named “gone”" in app.warning[0].value
    assert select_box(app, "Run").options


@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_an_epoch_without_snapshot_shows_the_nearest_and_says_so(page: str, run: Run) -> None:
    app = open_page(page, run="done", epoch="900")
    assert [("no snapshot of epoch 900" in warning.value) for warning in app.warning] == [True]
    assert player(app)[0]["epoch"] == 3


NONSENSE = {
    "latent": ["epoch", "label", "pin", "axes", "x", "y"],
    "manifold": ["epoch", "label", "pin", "x", "y", "range", "size", "others", "code", "z"],
    "style": ["epoch", "label", "pin", "source", "of", "sources", "invert"],
    "samples": ["epoch", "label", "pin", "seed", "columns", "temperature", "order", "ranked", "count"],
}


@pytest.mark.parametrize("page", PAGES)
def test_nonsense_in_every_parameter_is_a_sentence_each_and_the_page_works(page: str, run: Run) -> None:
    app = open_page(page, run="done", **dict.fromkeys(NONSENSE[page], "<nonsense>"))
    assert not app.exception
    assert len(app.warning) == len(NONSENSE[page])
    for name, warning in zip(NONSENSE[page], app.warning, strict=True):
        assert f"{name}=<nonsense>" in warning.value
    assert player(app)[0]["epoch"] == 3
    assert "<nonsense>" not in str(dict(app.query_params))


@pytest.mark.parametrize(
    ("page", "parameters", "words"),
    [
        ("latent", {"label": "10"}, "no label 10"),
        ("latent", {"pin": "60"}, "no test image 60"),
        ("latent", {"x": "3"}, "no z3"),
        ("manifold", {"x": "2", "y": "2"}, "should differ"),
        ("manifold", {"code": "1,2,3"}, "has 3 numbers"),
        ("manifold", {"z": "1"}, "has 2 numbers"),
        ("manifold", {"size": "31"}, "from 2 to 30"),
        ("manifold", {"range": "0.9,0.1"}, "two rising"),
        ("samples", {"temperature": "9"}, "from 0 to 3"),
    ],
)
def test_what_this_run_does_not_have_is_one_sentence(page: str, parameters: Any, words: str, run: Run) -> None:
    app = open_page(page, run="done", **parameters)
    assert not app.exception
    assert [words in message.value for message in (*app.warning, *app.error)] == [True]
    if not app.error:
        assert player(app)[0]["epochs"]


def test_the_address_holds_the_view_and_gives_it_back(run: Run) -> None:
    asked = {"run": "done", "epoch": "1", "label": "3", "seed": "7", "columns": "4", "temperature": "0.5"}
    app = open_page("samples", **asked)
    assert {name: app.query_params[name] for name in asked} == asked
    header, arrays = player(app)
    assert header["frame_epochs"] == [1]
    expected = shown(run, 1, SamplesView(columns=4, seed=7, temperature=0.5))
    np.testing.assert_array_equal(arrays["frame/tiles_samples"][0], expected)


def test_an_address_from_some_answers_ago_undoes_no_choice(run: Run) -> None:
    app = open_page("samples", run="done")
    temperature = next(slider for slider in app.slider if slider.label == "Temperature")
    for value in (1.1, 1.2):
        temperature.set_value(value).run()
    app.query_params["temperature"] = "1.1"  # as a browser sends it that has not been told of 1.2 yet
    temperature.set_value(1.3).run()
    assert app.query_params["temperature"] == "1.3"
    (again,) = (slider for slider in app.slider if slider.label == "Temperature")
    assert (again.key, again.value) == (temperature.key, 1.3)
    app.query_params["temperature"] = "0.5"
    assert next(slider for slider in app.run().slider if slider.label == "Temperature").value == 0.5


@pytest.mark.parametrize("page", PAGES)
def test_no_widget_is_told_what_was_chosen_with_it(page: str, run: Run) -> None:
    app = open_page(page, run="done", source="label")
    for widgets in (app.slider, app.selectbox, app.number_input, app.button_group, app.toggle):
        for place, widget in enumerate(widgets):
            widget.set_value(widget.value).run()
            assert not app.exception
            assert not widgets[place].proto.set_value, widget.label


@pytest.mark.parametrize(("label", "text"), [("Run", "done  ·  under way"), ("Up", "z9")])
def test_a_text_that_is_no_option_is_no_choice(label: str, text: str, runs_folder: Path) -> None:
    make_wide_run(runs_folder, "done")
    app = open_page("latent", run="done")
    before = dict(app.query_params), select_box(app, label).value
    choose_text(select_box(app, label), text)
    assert not app.exception
    assert not app.warning
    assert (dict(app.query_params), select_box(app, label).value) == before


@pytest.mark.parametrize("page", PAGES)
def test_a_run_has_another_picker_once_its_state_is_another(page: str, runs_folder: Path) -> None:
    """The old one would send the old text on."""
    run = make_run(runs_folder, "alive", "running")
    with living_worker(run):
        app = open_page(page, run="alive")
    keys = {select_box(app, "Run").key, select_box(app.run(), "Run").key, select_box(app.run(), "Run").key}
    assert len(keys) == 2


def test_epoch_and_label_hold_on_the_next_page(run: Run) -> None:
    app = open_page("samples", run="done", epoch="1", label="4")
    app.switch_page("pages/manifold.py").run()
    header, arrays = player(app)
    assert header["epoch"] == 1
    assert header["picture"]["plane"]["selectedLabel"] == 4
    np.testing.assert_array_equal(arrays["frame/tiles_manifold"][0], shown(run, 1, ManifoldView(label=4)))
    assert (app.query_params["epoch"], app.query_params["label"]) == ("1", "4")


def test_the_manifold_follows_its_settings(run: Run) -> None:
    app = open_page(
        "manifold", run="done", epoch="2", label="1", size="4", range="0.2,0.7", x="2", y="1", others="pinned"
    )
    _, arrays = player(app)
    expected = shown(run, 2, ManifoldView(label=1, size=4, quantiles=(0.2, 0.7), dimensions=(1, 0)))
    np.testing.assert_array_equal(arrays["frame/tiles_manifold"][0], expected)


def test_all_labels_share_the_same_codes(run: Run) -> None:
    app = open_page("manifold", run="done", epoch="2", label="all", size="3")
    _, arrays = player(app)
    for label in range(10):
        expected = shown(run, 2, ManifoldView(label=label, size=3))
        np.testing.assert_array_equal(arrays[f"frame/tiles_label{label}"][0], expected)


def test_the_latent_page_shows_the_codes_and_the_pinned_image(run: Run) -> None:
    app = open_page("latent", run="done", epoch="2", label="all", pin="5")
    header, arrays = player(app)
    test = load_test_data(run.config().data).test
    z_mean, _ = network(run, 2).encode(test.images, test.labels)
    np.testing.assert_allclose(arrays["frame/x"][0], z_mean[:, 0], rtol=1e-6)
    np.testing.assert_allclose(arrays["frame/y"][0], z_mean[:, 1], rtol=1e-6)
    assert header["picture"]["pin"] == {"index": 5, "label": int(test.labels[5])}
    assert arrays["pin_x"][2] == pytest.approx(z_mean[5, 0], rel=1e-5)


@pytest.mark.parametrize("label", ["all", "4"])
@pytest.mark.parametrize(
    ("shown", "ranked", "expected", "words"),
    [
        ("newest", "shown", 3, "at the epoch shown, highest first"),
        ("1", "shown", 1, "at the epoch shown, highest first"),
        ("1", "2", 2, "at epoch 2, highest first"),
        ("1", "900", 1, "at the epoch shown, highest first"),
    ],
)
def test_the_worst_images_are_those_of_the_epoch_shown_unless_their_order_is_kept(
    label: str, shown: str, ranked: str, expected: int, words: str, run: Run
) -> None:
    app = open_page("samples", run="done", order="worst", count="3", label=label, epoch=shown, ranked=ranked)
    header, arrays = player(app)
    test = load_test_data(run.config().data).test
    worst = worst_at(run, expected, None if label == "all" else int(label))[:3]
    np.testing.assert_array_equal(arrays["frame/tiles_real"][0][0], test.images[worst])
    assert words in header["picture"]["pictures"][1]["caption"]


def test_the_order_of_the_epoch_shown_can_be_kept(run: Run) -> None:
    app = open_page("samples", run="done", order="worst", epoch="1")
    next(toggle for toggle in app.toggle if toggle.label == "Keep images").set_value(True).run()
    assert app.query_params["ranked"] == "1"
    next(toggle for toggle in app.toggle if toggle.label == "Keep images").set_value(False).run()
    assert "ranked" not in app.query_params


def worst_at(run: Run, epoch: int, label: int | None) -> np.ndarray[Any, Any]:
    """Indices of the test images of a label, those that an epoch's network reconstructs worst first."""
    test = load_test_data(run.config().data).test
    p = np.clip(network(run, epoch).reconstruct(test.images, test.labels).astype(np.float64), 1e-12, 1 - 1e-12)
    x = test.images / 255.0
    losses = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3))
    found = np.argsort(-losses)
    return found if label is None else found[test.labels[found] == label]


@pytest.mark.parametrize("page", PAGES)
def test_a_damaged_snapshot_is_a_sentence_in_its_place(page: str, run: Run) -> None:
    (snapshot_folder(run.snapshots_folder, 2) / WEIGHTS_FILE).write_text("nonsense")
    app = open_page(page, run="done", epoch="2")
    assert not app.exception
    header, _ = player(app)
    assert "epoch 2 is damaged" in header["failed"]["2"]
    assert header["epochs"] == [0, 1, 2, 3]


@pytest.mark.parametrize("page", PAGES)
def test_weights_of_another_shape_are_a_sentence_in_their_place(page: str, run: Run) -> None:
    weights = load_snapshot(run.snapshots_folder, 2)
    name = next(iter(weights))
    shutil.rmtree(snapshot_folder(run.snapshots_folder, 2))
    publish_snapshot(run.snapshots_folder, 2, {**weights, name: weights[name][:-1]})
    app = open_page(page, run="done", epoch="2")
    assert not app.exception
    assert list(player(app)[0]["failed"]) == ["2"]
    assert name in player(app)[0]["failed"]["2"]


@pytest.mark.parametrize("page", PAGES)
def test_a_run_deleted_while_its_page_is_open_says_so(page: str, run: Run, runs_folder: Path) -> None:
    make_run(runs_folder, "other", "finished")
    app = open_page(page, run="done")
    shutil.rmtree(run.path)
    app.run()
    assert not app.exception
    assert "no run named “done”" in app.warning[0].value
    assert sorted(path.name for path in runs_folder.iterdir()) == ["other"]


def test_the_pinned_image_stands_first_among_the_reconstructions(run: Run) -> None:
    app = open_page("samples", run="done", pin="41", count="3", label="all")
    _, arrays = player(app)
    test = load_test_data(run.config().data).test
    np.testing.assert_array_equal(arrays["frame/tiles_real"][0][0], test.images[[41, 0, 1]])


def test_the_manifold_marks_the_pinned_image_and_takes_its_code_for_the_other_dimensions(run: Run) -> None:
    app = open_page("manifold", run="done", epoch="2", pin="41", others="pinned")
    header, arrays = player(app)
    test = load_test_data(run.config().data).test
    z_mean, _ = network(run, 2).encode(test.images[[41]], test.labels[[41]])
    assert header["picture"]["pin"] == {"index": 41, "label": int(test.labels[41]), "is_base": True}
    np.testing.assert_allclose(arrays["pin_codes"][2], z_mean[0], rtol=1e-5)


def style_of(run: Run, epoch: int, label: int, count: int) -> np.ndarray[Any, Any]:
    """The tutorial's figure, written out: every code under every label, originals in the row of their own."""
    train = load_dataset(run.config().data).train
    images = train.images[train.labels == label][:count]
    trained = network(run, epoch)
    z, _ = trained.encode(images, np.full(len(images), label))
    rows = [trained.decode(z, np.full(len(images), target)) for target in range(10)]
    tiles = np.rint(np.stack(rows) * 255).astype(np.uint8)
    tiles[label] = images
    return tiles


def test_the_first_ten_sevens_are_redrawn_as_every_digit(run: Run) -> None:
    header, arrays = player(open_page("style", run="done", epoch="2"))
    np.testing.assert_array_equal(arrays["frame/tiles_style"][0], style_of(run, 2, 7, 10))
    assert header["picture"]["pictures"][0]["row_labels"] == [str(label) for label in range(10)]
    assert header["picture"]["pictures"][0]["invert"] is False


def test_other_sources_can_be_chosen_and_the_ink_inverted(run: Run) -> None:
    asked = {"run": "done", "epoch": "1", "source": "label", "of": "3", "sources": "4", "invert": "yes"}
    app = open_page("style", **asked)
    header, arrays = player(app)
    np.testing.assert_array_equal(arrays["frame/tiles_style"][0], style_of(run, 1, 3, 4))
    assert header["picture"]["pictures"][0]["invert"] is True
    assert {name: app.query_params[name] for name in asked} == asked


def test_the_style_of_the_pinned_image_or_what_to_do_without_one(run: Run) -> None:
    assert "No image is pinned" in said(open_page("style", run="done", source="pinned"))
    _, arrays = player(open_page("style", run="done", source="pinned", pin="41"))
    test = load_test_data(run.config().data).test
    np.testing.assert_array_equal(arrays["frame/tiles_style"][0][test.labels[41], 0], test.images[41])


def test_a_code_from_the_address_fills_the_other_dimensions_and_its_sliders(runs_folder: Path) -> None:
    run = make_wide_run(runs_folder, "wide")
    app = open_page("manifold", run="wide", others="chosen", code="0,0,1.5,-2", size="3")
    assert not app.exception
    _, arrays = player(app)
    expected = shown(run, 0, ManifoldView(label=0, size=3, others=(0, 0, 1.5, -2)))
    np.testing.assert_array_equal(arrays["frame/tiles_manifold"][0], expected)
    next(slider for slider in app.slider if slider.label == "z3").set_value(0.5).run()
    _, arrays = player(app)
    expected = shown(run, 0, ManifoldView(label=0, size=3, others=(0, 0, 0.5, -2)))
    np.testing.assert_array_equal(arrays["frame/tiles_manifold"][0], expected)
    assert app.query_params["code"] == "0,0,0.5,-2"


def test_digits_can_be_picked_from_a_gallery_or_by_the_address(run: Run) -> None:
    assert "Click up to 20 images" in said(open_page("style", run="done", source="picked"))
    app = open_page("style", run="done", epoch="1", source="picked", picked="5,2")
    assert not app.exception
    blobs = [unpack(element.proto.bytes) for element in app.get("bidi_component") if element.proto.bytes]
    (arrays,) = (arrays for _, arrays in blobs if "frame/tiles_style" in arrays)
    test = load_test_data(run.config().data).test
    for column, index in enumerate((5, 2)):
        np.testing.assert_array_equal(arrays["frame/tiles_style"][0][test.labels[index], column], test.images[index])
    assert app.query_params["picked"] == "5,2"


def test_a_digit_can_be_drawn_and_its_style_transferred(run: Run) -> None:
    app = open_page("style", run="done", source="drawn")
    assert not app.exception
    assert "Draw a digit above" in said(app)
    assert "drawing_pad" in component_names(app)
    image = load_test_data(run.config().data).test.images[3]
    drawing = {"image": base64.b64encode(image.tobytes()).decode(), "label": 4, "id": 1}
    app.session_state["drawing_pad"] = {"drawing": drawing}
    app.run()
    assert not app.exception
    blobs = [unpack(element.proto.bytes) for element in app.get("bidi_component") if element.proto.bytes]
    (arrays,) = (arrays for _, arrays in blobs if "frame/tiles_style" in arrays)
    np.testing.assert_array_equal(arrays["frame/tiles_style"][0][4, 0], image)


def test_a_drawing_is_redrawn_by_a_network_without_condition(runs_folder: Path) -> None:
    config = tiny_config().with_settings({"conditional": False})
    run = create_run(runs_folder, config, "plain")
    publish_snapshot(run.snapshots_folder, 0, random_weights(config, 0))
    write_status(run.status_file, Status("finished", config.train.epochs))
    image = load_test_data(config.data).test.images[3]
    app = open_page("style", run="plain", source="drawn")
    drawing = {"image": base64.b64encode(image.tobytes()).decode(), "label": None, "id": 1}
    app.session_state["drawing_pad"] = {"drawing": drawing}
    app.run()
    assert not app.exception
    assert not app.error
    assert "tile_player" in component_names(app)


def test_sources_that_the_data_do_not_have_are_reported(run: Run) -> None:
    app = open_page("style", run="done", source="label", of="12")
    assert "There is no label 12" in app.warning[0].value
    assert app.query_params["of"] == "9"
    app = open_page("style", run="done", source="picked", picked="5,2000")
    assert "Not all picked images are there" in app.warning[0].value
    assert app.query_params["picked"] == "5"


def test_an_upload_is_asked_for(run: Run) -> None:
    app = open_page("style", run="done", source="uploaded")
    assert not app.exception
    assert "Upload an image of one digit" in said(app)


def test_one_style_can_be_moved_number_by_number_and_blended_with_another(run: Run) -> None:
    app = open_page("style", run="done", epoch="1")
    assert "latent_sliders" not in component_names(app)
    next(toggle for toggle in app.toggle if toggle.key == "latent_sliders_shown").set_value(True).run()
    assert not app.exception
    assert "latent_sliders" in component_names(app)
    select_box(app, "Blend with").set_value(1).run()
    assert not app.exception


def test_what_a_session_looked_at_is_let_go_when_its_browser_has_gone(run: Run) -> None:
    open_page("latent", run="done")
    assert networks._of_all().bytes > 0
    clear_session_resource_cache("test session id")  # as Streamlit does when a browser disconnects
    assert networks._of_all().bytes == 0
