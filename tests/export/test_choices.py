"""Pictures of other planes, grids and sources are those of the analyses' own records."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from cvae_core.analysis.latent import encode_split, onto_principal, plane, principal_axes
from cvae_core.analysis.manifold import manifold
from cvae_core.analysis.style import transfer
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.errors import ConfigError
from cvae_core.rendering.animation import paint_picture
from cvae_core.rendering.pictures import projection_of
from cvae_core.rendering.scatter import PlanePainter
from cvae_core.rendering.spec import OwnImage, PickedImage, PictureSettings, Plane, Sources, parse_sources
from cvae_core.rendering.tiles import TileLayout
from tests.export.small_run import small_run
from tests.rendering.test_films import frames_of, tiles_in

OWN = np.arange(784).astype(np.uint8).reshape(28, 28, 1)
ALL_CHOICES = PictureSettings(
    "manifold",
    label=3,
    sources=(Sources(3, 2), PickedImage(5), OwnImage(base64.b64encode(OWN.tobytes()).decode(), 4)),
    plane=Plane((2, 0), 5, (0.2, 0.7), 6, (0.0, 1.5, 0.0), 41),
    invert=True,
)


@pytest.fixture
def trained(tmp_path: Path) -> TrainedRun:
    return TrainedRun(small_run(tmp_path / "runs"))


def test_choices_survive_json() -> None:
    assert PictureSettings.from_json(json.loads(json.dumps(ALL_CHOICES.to_json()))) == ALL_CHOICES


@pytest.mark.parametrize("others", ["zeros", "code", "pinned"])
def test_a_manifold_film_shows_the_chosen_plane(trained: TrainedRun, others: str) -> None:
    code, pin = ((0.0, 1.5, 0.0) if others == "code" else ()), (41 if others == "pinned" else None)
    chosen = Plane((2, 0), quantiles=(0.2, 0.7), size=6, others=code, pinned=pin)
    frames = frames_of(trained, PictureSettings("manifold", label=3, plane=chosen))
    test = trained.test_data.test
    for epoch, frame in zip(trained.epochs, frames, strict=True):
        network = trained.network(epoch)
        base = network.encode(test.images[[41]], test.labels[[41]])[0][0] if pin else np.array(code or [0, 0, 0])
        expected = manifold(network, 3, size=6, dimensions=(2, 0), quantiles=(0.2, 0.7), others=base).tiles
        assert np.array_equal(tiles_in(frame, TileLayout(6, 6, 28, 28, 3)), expected)


@pytest.mark.parametrize("chosen", [Plane((2, 1)), Plane(principal_epoch=2)])
def test_a_latent_film_has_its_points_in_the_chosen_plane(trained: TrainedRun, chosen: Plane) -> None:
    projection, titles = projection_of(trained, chosen)
    if chosen.principal_epoch is None:
        assert titles == ("z3", "z2")
    else:
        axes = principal_axes(encode_split(trained.network(2), trained.test_data.test))
        assert np.array_equal(projection.matrix, onto_principal(axes).matrix)
        assert titles[0].startswith("PC 1 of epoch 2 (")
    painter = PlanePainter(titles, legend=tuple(enumerate("0123456789")))
    frames = frames_of(trained, PictureSettings("latent", plane=chosen), "webp")
    for epoch, frame in zip(trained.epochs, frames, strict=True):
        points = plane(encode_split(trained.network(epoch), trained.test_data.test), 10, projection)
        assert np.array_equal(frame, np.asarray(painter.paint(points, f"all labels · epoch {epoch}")))


def test_a_style_film_takes_its_sources_from_anywhere(trained: TrainedRun) -> None:
    settings = PictureSettings("style", sources=ALL_CHOICES.sources, invert=True)
    train, test = trained.data.train, trained.test_data.test
    threes = np.flatnonzero(train.labels == 3)[:2]
    images = np.concatenate([train.images[threes], test.images[[5]], OWN[None]])
    labels = np.array([3, 3, test.labels[5], 4])
    layout = TileLayout(10, 4, 28, 28, 2, 2, tuple("0123456789"))
    for epoch, frame in zip(trained.epochs, frames_of(trained, settings), strict=True):
        expected = 255 - transfer(trained.network(epoch), images, labels).with_originals()
        assert np.array_equal(tiles_in(frame, layout), expected)


def test_names_of_files_tell_the_plane() -> None:
    assert PictureSettings("manifold", 7).file_stem == "manifold_7"
    assert PictureSettings("manifold", 7, plane=Plane((2, 4))).file_stem == "manifold_7_z3_z5"
    assert PictureSettings("latent", plane=Plane(principal_epoch=1)).file_stem == "z_distr_pc"
    assert PictureSettings("style", plane=Plane((2, 4))).file_stem == "style"


def test_sources_by_their_index() -> None:
    assert parse_sources("test:41, 7:2") == (PickedImage(41), Sources(7, 2))
    for text in ("test:", "test:-1", "train:3", "test:1:2", "٣:1"):
        with pytest.raises(ConfigError, match="test:INDEX"):
            parse_sources(text)


def test_choices_that_make_no_sense(trained: TrainedRun) -> None:
    with pytest.raises(ConfigError, match="differ"):
        Plane((1, 1))
    with pytest.raises(ConfigError, match="2 to 30"):
        Plane(size=31)
    with pytest.raises(ConfigError, match="quantiles"):
        Plane(quantiles=(0.9, 0.1))
    for settings in (
        PictureSettings("latent", plane=Plane((0, 3))),
        PictureSettings("manifold", 7, plane=Plane(others=(1.0,))),
        PictureSettings("manifold", 7, plane=Plane(pinned=300)),
        PictureSettings("style", sources=(PickedImage(300),)),
        PictureSettings("style", sources=(OwnImage("AAAA", 1),)),
        PictureSettings("style", sources=(OwnImage(base64.b64encode(OWN.tobytes()).decode(), 10),)),
    ):
        with pytest.raises(ConfigError):
            paint_picture(trained, settings)
