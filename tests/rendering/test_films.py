"""Films show the analyses' own records, epoch by epoch, and appear whole or not at all."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from scipy.stats import norm

from cvae_core.analysis.generation import ManifoldView, SamplesView
from cvae_core.analysis.latent import CodesView, LatentView
from cvae_core.analysis.reconstruction import ReconstructionsView, reconstruct
from cvae_core.analysis.style import FirstImages, StyleView, TestImage
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.cli.export import parse_sources
from cvae_core.errors import ConfigError, ExportError, ExportStoppedError, RunNotFoundError
from cvae_core.export.animation_task import save_films
from cvae_core.records import Bytes
from cvae_core.rendering.animation import paint_picture, save_pictures, write_films
from cvae_core.rendering.output import FilmFormat
from cvae_core.rendering.pictures import PICTURES, PictureView
from cvae_core.rendering.scatter import PlanePainter
from cvae_core.rendering.tiles import TileLayout
from cvae_core.runs.status import Status, write_status
from tests.export.small_run import EPOCHS, damage, names_in, small_run
from tests.runs.examples import small_disk

MANIFOLD = ManifoldView(label=7)
MANIFOLD_LAYOUT = TileLayout(15, 15, 28, 28)


@pytest.fixture
def trained(tmp_path: Path) -> TrainedRun:
    return TrainedRun(small_run(tmp_path / "runs"))


def frames_of(trained: TrainedRun, view: PictureView, film_format: FilmFormat = "gif") -> list[np.ndarray]:
    stream = io.BytesIO()
    write_films(trained, [(view, stream)], film_format)
    return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(Image.open(stream))]


def tiles_in(frame: np.ndarray, layout: TileLayout) -> Bytes:
    """What a frame shows in place of each tile, one pixel of each square taken."""
    tiles = np.zeros((layout.rows, layout.columns, layout.height, layout.width, 1), np.uint8)
    for row in range(layout.rows):
        for column in range(layout.columns):
            left, top, right, bottom = layout.box(row, column)
            tiles[row, column] = frame[top : bottom : layout.scale, left : right : layout.scale, :1]
    return tiles


@pytest.mark.parametrize("film_format", ["gif", "webp"])
def test_a_manifold_film_has_the_tiles_of_the_record_at_every_epoch(
    trained: TrainedRun, film_format: FilmFormat
) -> None:
    frames = frames_of(trained, MANIFOLD, film_format)
    assert len(frames) == len(EPOCHS)
    for epoch, frame in zip(EPOCHS, frames, strict=True):
        assert np.array_equal(
            tiles_in(frame, MANIFOLD_LAYOUT), trained.record(trained.network(epoch), MANIFOLD).tiles[0]
        )


def test_the_manifold_is_the_tutorials(trained: TrainedRun) -> None:
    grid_x = norm.ppf(np.linspace(0.05, 0.95, 15))
    grid_y = norm.ppf(np.linspace(0.05, 0.95, 15))
    network = trained.network(5)
    figure = np.zeros((28 * 15, 28 * 15))
    for i, yi in enumerate(grid_x):
        for j, xi in enumerate(grid_y):
            z_sample = np.zeros((1, 3), np.float32)
            z_sample[:, :2] = [[xi, yi]]
            digit = network.decode(z_sample, np.array([7]))[0].squeeze()
            figure[i * 28 : (i + 1) * 28, j * 28 : (j + 1) * 28] = digit
    left, top, _, _ = MANIFOLD_LAYOUT.box(0, 0)
    shown = frames_of(trained, MANIFOLD)[-1][top : top + 420, left : left + 420, 0]
    assert np.abs(shown - 255 * figure).max() < 1


def test_other_films_have_the_tiles_of_their_records(trained: TrainedRun) -> None:
    names = tuple("0123456789")
    network, data = trained.network(5), trained.data
    sevens = np.flatnonzero(data.train.labels == 7)[:10]
    for view in (StyleView(), SamplesView(seed=4)):
        tiles = trained.record(network, view).tiles
        shown = tiles_in(frames_of(trained, view)[-1], TileLayout(10, 10, 28, 28, 2, 2, names))
        if view.kind == "style":
            assert np.array_equal(shown[7], data.train.images[sevens])
            shown[7] = tiles[7]
        assert np.array_equal(shown, tiles)


def test_reconstructions_stand_below_their_originals(trained: TrainedRun) -> None:
    threes = np.flatnonzero(trained.test_data.test.labels == 3)[:20]
    expected = reconstruct(trained.network(5), trained.test_data.test, threes)
    rows = -(-np.count_nonzero(trained.test_data.test.labels == 3) // 10)
    layout = TileLayout(2 * rows, 10, 28, 28, 2, 2, ("Original", "Decoded"))
    shown = tiles_in(frames_of(trained, ReconstructionsView(label=3, count=30))[-1], layout)
    assert np.array_equal(shown[[0, 2]].reshape(20, 28, 28, 1), expected.originals)
    assert np.abs(shown[[1, 3]].reshape(20, 28, 28, 1).astype(int) - expected.reconstructions).max() <= 1


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_a_latent_film_has_ink_where_codes_are_and_nowhere_else(tmp_path: Path, latent_dim: int) -> None:
    trained = TrainedRun(small_run(tmp_path / "runs", latent_dim=latent_dim))
    painter = PlanePainter(("z1", "z2"), one_dimensional=latent_dim == 1)
    left, top, right, bottom = painter.box
    brown = np.array([129, 82, 5])
    for epoch, frame in zip(EPOCHS, frames_of(trained, LatentView(label=7)), strict=True):
        codes = trained.record(trained.network(epoch), CodesView(label=7))
        inside = codes.z_mean[np.abs(codes.z_mean[:, :2]).max(axis=1) < 4.9]
        near_brown = np.abs(frame[top:bottom, left:right].astype(int) - brown).max(axis=2) < 60
        columns = np.flatnonzero(near_brown.any(axis=0)) + left
        places = {round(painter.place(float(z), 0)[0]) for z in inside[:, 0]}
        assert columns.size > 0
        assert all(min(abs(column - place) for place in places) <= 6 for column in columns)
        assert all(np.abs(columns - place).min() <= 3 for place in places)


def test_each_frame_tells_its_epoch(trained: TrainedRun) -> None:
    frames = frames_of(trained, MANIFOLD)
    heads = [frame[: MANIFOLD_LAYOUT.top].tobytes() for frame in frames]
    assert len(set(heads)) == len(EPOCHS)


@pytest.mark.parametrize("kind", PICTURES)
def test_the_same_run_gives_the_same_bytes(trained: TrainedRun, kind: str, tmp_path: Path) -> None:
    view = PICTURES[kind]()
    contents = []
    for name in ("first", "second"):
        save_films(trained, [(view, tmp_path / f"{name}.gif")])
        save_pictures(trained, [(view, tmp_path / f"{name}.png")], 2)
        contents.append([(tmp_path / f"{name}.{ending}").read_bytes() for ending in ("gif", "png")])
    assert contents[0] == contents[1]


def test_two_processes_write_what_one_does(trained: TrainedRun, tmp_path: Path) -> None:
    views = [ManifoldView(label=1), LatentView(label=2), StyleView()]
    told: list[tuple[int, int]] = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        wanted = [(view, folder / f"{view.file_stem}.gif") for view in views]
        report = save_films(
            trained, wanted, processes=processes, progress=lambda done, total: told.append((done, total))
        )
        assert report.epochs == EPOCHS
        assert told[-1] == (12, 12)
    for view in views:
        assert len({(tmp_path / n / f"{view.file_stem}.gif").read_bytes() for n in "12"}) == 1


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("exists", [False, True])
def test_a_stop_leaves_what_was_there(trained: TrainedRun, tmp_path: Path, processes: int, exists: bool) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    wanted = [(ManifoldView(label=label), folder / f"{label}.gif") for label in range(4)]
    if exists:
        wanted[0][1].write_bytes(b"old")
    seen: list[int] = []
    with pytest.raises(ExportStoppedError):
        save_films(
            trained,
            wanted,
            replace=True,
            processes=processes,
            progress=lambda done, _: seen.append(done),
            should_stop=lambda: len(seen) >= 2,
        )
    assert names_in(folder) == (["0.gif"] if exists else [])
    assert not exists or wanted[0][1].read_bytes() == b"old"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_damaged_snapshot_is_told_of_or_left_out(trained: TrainedRun, tmp_path: Path, processes: int) -> None:
    damage(trained.run, 2)
    folder = tmp_path / "films"
    folder.mkdir()
    wanted = [(ManifoldView(label=label), folder / f"{label}.gif") for label in (3, 4)]
    with pytest.raises(ExportError, match=r"snapshot of epoch 2 is damaged.*--skip-damaged"):
        save_films(trained, wanted, processes=processes)
    assert names_in(folder) == []
    report = save_films(trained, wanted, processes=processes, skip_damaged=True)
    assert (report.epochs, report.skipped) == ((0, 1, 5), (2,))
    assert Image.open(wanted[0][1]).n_frames == 3


def test_a_run_of_damaged_snapshots_only_gives_no_film(trained: TrainedRun, tmp_path: Path) -> None:
    for epoch in EPOCHS:
        damage(trained.run, epoch)
    with pytest.raises(ExportError, match="No snapshot"):
        save_films(trained, [(MANIFOLD, tmp_path / "film.gif")], skip_damaged=True)
    assert not (tmp_path / "film.gif").exists()


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "full"), MemoryError])
def test_whatever_fails_half_way_leaves_the_old_file(
    trained: TrainedRun, tmp_path: Path, failure: BaseException | type[BaseException]
) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "film.gif").write_bytes(b"old")

    def fail(done: int, _total: int) -> None:
        if done == 2:
            raise failure

    with pytest.raises((KeyboardInterrupt, ExportError, MemoryError)):
        save_films(trained, [(MANIFOLD, folder / "film.gif")], replace=True, progress=fail)
    assert names_in(folder) == ["film.gif"]
    assert (folder / "film.gif").read_bytes() == b"old"


def test_a_full_disk_leaves_the_old_file(trained: TrainedRun, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk") as disk:
        (disk / "film.gif").write_bytes(b"old")
        with pytest.raises(ExportError, match="No space left"):
            save_films(trained, [(MANIFOLD, disk / "film.gif")], scale=8, replace=True)
        assert names_in(disk) == ["film.gif"]
        assert (disk / "film.gif").read_bytes() == b"old"


def test_a_picture_is_that_of_its_epoch_and_large(trained: TrainedRun) -> None:
    image = paint_picture(trained, MANIFOLD, 1)
    layout = TileLayout(15, 15, 28, 28, 3, ratio=2)
    assert image.size == layout.size
    shown = tiles_in(np.asarray(image)[..., None], layout)
    assert np.array_equal(shown, trained.record(trained.network(1), MANIFOLD).tiles[0])
    newest = paint_picture(trained, MANIFOLD)
    assert np.array_equal(np.asarray(newest), np.asarray(paint_picture(trained, MANIFOLD, 5)))
    with pytest.raises(RunNotFoundError, match="epoch 3"):
        paint_picture(trained, MANIFOLD, 3)


def test_what_cannot_be_painted(trained: TrainedRun, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="one label"):
        paint_picture(trained, ManifoldView(label=None))
    for view in (
        ManifoldView(label=10),
        LatentView(label=10),
        ReconstructionsView(label=10),
        StyleView(sources=(FirstImages(label=10, count=1),)),
    ):
        with pytest.raises(ConfigError, match="0 to 9"):
            paint_picture(trained, view)
    with pytest.raises(ConfigError, match="images of label 7, not 100"):
        paint_picture(trained, StyleView(sources=(FirstImages(label=7, count=100),)))
    with pytest.raises(ConfigError, match="scale"):
        paint_picture(trained, MANIFOLD, scale=9)
    with pytest.raises(ExportError, match="no snapshot yet"):
        TrainedRun(fresh := small_run(tmp_path / "other", epochs=()))
    write_status(fresh.status_file, Status("finished", 5, epoch=5))
    with pytest.raises(ExportError, match=r"snapshots of the finished run small are missing.* Restore them"):
        TrainedRun(fresh)


@pytest.mark.parametrize("text", ["", "7", "7:", ":3", "7:0", "7:101", "7:60,3:60", "-1:3", "a:b", "7:1;3:1", "7:1,"])
def test_sources_that_make_no_sense(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_sources(text)


def test_sources() -> None:
    assert parse_sources("7:10") == (FirstImages(label=7, count=10),)
    assert parse_sources("3:5, 7:2") == (FirstImages(label=3, count=5), FirstImages(label=7, count=2))
    assert parse_sources("test:41, 7:2") == (TestImage(index=41), FirstImages(label=7, count=2))
    for text in ("test:", "test:-1", "train:3", "test:1:2", "٣:1"):
        with pytest.raises(ConfigError, match="test:INDEX"):
            parse_sources(text)
