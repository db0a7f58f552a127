"""Pictures of other planes, grids and sources are those of the analyses' own records."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from cvae_core.analysis.generation import ManifoldView
from cvae_core.analysis.latent import LatentView
from cvae_core.analysis.style import FirstImages, OwnImage, StyleView, TestImage
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.errors import ConfigError
from cvae_core.rendering.animation import paint_picture
from cvae_core.rendering.pictures import PICTURES, PictureView, read_view
from cvae_core.rendering.scatter import PlanePainter
from cvae_core.rendering.tiles import TileLayout
from tests.export.small_run import small_run
from tests.rendering.test_films import frames_of, tiles_in

OWN = np.arange(784).astype(np.uint8).reshape(28, 28, 1)
STYLE = StyleView(sources=(FirstImages(label=3, count=2), TestImage(index=5), OwnImage.of(OWN, 4)), invert=True)
MANIFOLD = ManifoldView(label=3, dimensions=(2, 0), quantiles=(0.2, 0.7), size=6, others=(0.0, 1.5, 0.0), pinned=41)


@pytest.fixture
def trained(tmp_path: Path) -> TrainedRun:
    return TrainedRun(small_run(tmp_path / "runs"))


@pytest.mark.parametrize("view", [*(view() for view in PICTURES.values()), STYLE, MANIFOLD])
def test_views_survive_json_and_are_equal_only_to_themselves(view: PictureView) -> None:
    again = read_view(json.loads(view.model_dump_json()))
    assert again == view and hash(again) == hash(view) and again.identity == view.identity
    others = {ManifoldView(), LatentView(), STYLE, MANIFOLD} - {view}
    assert view.identity not in {other.identity for other in others}


@pytest.mark.parametrize("others", ["zeros", "code", "pinned"])
def test_a_manifold_film_shows_the_chosen_plane(trained: TrainedRun, others: str) -> None:
    view = MANIFOLD.model_copy(
        update={
            "others": (0.0, 1.5, 0.0) if others == "code" else (),
            "pinned": 41 if others == "pinned" else None,
        }
    )
    test = trained.test_data.test
    for epoch, frame in zip(trained.epochs, frames_of(trained, view), strict=True):
        network = trained.network(epoch)
        base = view.others or (0, 0, 0)
        if others == "pinned":
            base = network.encode(test.images[[41]], test.labels[[41]])[0][0].tolist()
        expected = trained.record(network, view.model_copy(update={"others": tuple(base), "pinned": None}))
        shown = tiles_in(frame, TileLayout(6, 6, 28, 28, 3))
        assert np.array_equal(shown, expected.tiles[0])
        code = np.array(base, np.float32)
        code[[2, 0]] = view.steps[[4, 1]]
        tile = 255 * network.decode(code[None], np.array([3])).reshape(28, 28, 1)
        assert np.abs(shown[1, 4] - tile).max() < 1


@pytest.mark.parametrize("view", [LatentView(dimensions=(2, 1)), LatentView(principal_epoch=2)])
def test_a_latent_film_has_its_points_in_the_chosen_plane(trained: TrainedRun, view: LatentView) -> None:
    titles = trained.record(trained.network(5), view).titles
    assert titles == ("z3", "z2") or titles[0].startswith("PC 1 of epoch 2 (")
    painter = PlanePainter(titles, legend=tuple(enumerate("0123456789")))
    for epoch, frame in zip(trained.epochs, frames_of(trained, view, "webp"), strict=True):
        points = trained.record(trained.network(epoch), view)
        assert np.array_equal(frame, np.asarray(painter.paint(points, f"all labels · epoch {epoch}")))


def test_a_style_film_takes_its_sources_from_anywhere(trained: TrainedRun) -> None:
    layout = TileLayout(10, 4, 28, 28, 2, 2, tuple("0123456789"))
    for epoch, frame in zip(trained.epochs, frames_of(trained, STYLE), strict=True):
        expected = 255 - trained.record(trained.network(epoch), STYLE).with_originals()
        assert np.array_equal(tiles_in(frame, layout), expected)


def test_names_of_files_tell_the_plane() -> None:
    assert ManifoldView(label=7).file_stem == "manifold_7"
    assert ManifoldView(label=7, dimensions=(2, 4)).file_stem == "manifold_7_z3_z5"
    assert LatentView().file_stem == "z_distr"
    assert LatentView(label=3, dimensions=(2, 4), principal_epoch=1).file_stem == "z_distr_3_pc"
    assert StyleView().file_stem == "style"


def test_choices_that_make_no_sense(trained: TrainedRun) -> None:
    with pytest.raises(ConfigError, match="differ"):
        LatentView(dimensions=(1, 1))
    with pytest.raises(ConfigError, match="at least 2 and at most 30"):
        ManifoldView(size=31)
    with pytest.raises(ConfigError, match="quantiles"):
        ManifoldView(quantiles=(0.9, 0.1))
    for view in (LatentView(dimensions=(0, 3)), ManifoldView(others=(1.0,)), ManifoldView(pinned=300)):
        with pytest.raises(ConfigError):
            paint_picture(trained, view)
