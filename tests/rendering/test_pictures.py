"""Images and animations show the records of the analyses, and files appear complete or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from scipy.stats import norm

from cvae_core.analysis.generation import ManifoldView, SamplesView
from cvae_core.analysis.latent import CodesView, LatentView
from cvae_core.analysis.reconstruction import ReconstructionsView, reconstruct
from cvae_core.analysis.style import FirstImages, OwnImage, StyleView, TestImage
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.cli.export import parse_sources
from cvae_core.errors import ConfigError, ExportError, ExportStoppedError, RunNotFoundError
from cvae_core.export.animation_task import save_animations
from cvae_core.records import Bytes
from cvae_core.rendering.animation import paint_picture, save_pictures, write_animations
from cvae_core.rendering.drawing import TileLayout
from cvae_core.rendering.output import AnimationFormat
from cvae_core.rendering.pictures import PICTURES, PictureView, read_view
from cvae_core.rendering.scatter import PlanePainter
from cvae_core.runs.status import Status, write_status
from tests.export.small_run import EPOCHS, damage, names_in, small_run
from tests.runs.examples import small_disk

MANIFOLD = ManifoldView(label=7)
MANIFOLD_LAYOUT = TileLayout(15, 15, 28, 28)
OTHER_MANIFOLD = ManifoldView(label=3, dimensions=(2, 0), quantiles=(0.2, 0.7), size=6, others=(0, 1.5, 0), pinned=41)
OWN = OwnImage.of(np.arange(784).astype(np.uint8).reshape(28, 28, 1), 4)
STYLE = StyleView(sources=(FirstImages(label=3, count=2), TestImage(index=5), OWN), invert=True)


@pytest.fixture
def trained(tmp_path: Path) -> TrainedRun:
    return TrainedRun(small_run(tmp_path / "runs"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    return tmp_path / "files"


def frames_of(trained: TrainedRun, view: PictureView, animation_format: AnimationFormat = "gif") -> list[np.ndarray]:
    file = trained.run.path.parent.parent / "animation"
    write_animations(trained, [(view, file)], animation_format)
    return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(Image.open(file))]


def tiles_in(frame: np.ndarray, layout: TileLayout) -> Bytes:
    """What a frame shows in place of each tile, one pixel of each square taken."""
    tiles = np.zeros((layout.rows, layout.columns, layout.height, layout.width, 1), np.uint8)
    for row in range(layout.rows):
        for column in range(layout.columns):
            left, top, right, bottom = layout.box(row, column)
            tiles[row, column] = frame[top : bottom : layout.scale, left : right : layout.scale, :1]
    return tiles


@pytest.mark.parametrize("animation_format", ["gif", "webp"])
def test_an_animated_manifold_has_the_tiles_of_the_record_at_every_epoch(
    trained: TrainedRun, animation_format: AnimationFormat
) -> None:
    frames = frames_of(trained, MANIFOLD, animation_format)
    for epoch, frame in zip(EPOCHS, frames, strict=True):
        expected = trained.record(trained.network(epoch), MANIFOLD).tiles[0]
        assert np.array_equal(tiles_in(frame, MANIFOLD_LAYOUT), expected)
    captions = {frame[: MANIFOLD_LAYOUT.top].tobytes() for frame in frames}
    assert len(captions) == len(EPOCHS), "each frame names its epoch"


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


def test_styles_and_samples_have_the_tiles_of_their_records(trained: TrainedRun) -> None:
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


def test_reconstructions_are_below_their_originals(trained: TrainedRun) -> None:
    threes = np.flatnonzero(trained.test_data.test.labels == 3)[:20]
    expected = reconstruct(trained.network(5), trained.test_data.test, threes)
    rows = -(-np.count_nonzero(trained.test_data.test.labels == 3) // 10)
    layout = TileLayout(2 * rows, 10, 28, 28, 2, 2, ("Original", "Decoded"))
    shown = tiles_in(frames_of(trained, ReconstructionsView(label=3, count=30))[-1], layout)
    assert np.array_equal(shown[[0, 2]].reshape(20, 28, 28, 1), expected.originals)
    assert np.abs(shown[[1, 3]].reshape(20, 28, 28, 1).astype(int) - expected.reconstructions).max() <= 1


@pytest.mark.parametrize("latent_dim", [1, 2, 3])
def test_an_animated_latent_plane_has_points_at_the_codes_and_nowhere_else(tmp_path: Path, latent_dim: int) -> None:
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


@pytest.mark.parametrize("kind", PICTURES)
def test_the_same_run_gives_the_same_bytes(trained: TrainedRun, kind: str, folder: Path) -> None:
    view = PICTURES[kind]()
    for name in ("first", "second"):
        save_animations(trained, [(view, folder / f"{name}.gif")])
        save_pictures(trained, [(view, folder / f"{name}.png")], 2)
    for ending in ("gif", "png"):
        assert (folder / f"first.{ending}").read_bytes() == (folder / f"second.{ending}").read_bytes()


def test_two_processes_write_the_same_as_one(trained: TrainedRun, tmp_path: Path) -> None:
    views = [ManifoldView(label=1), LatentView(label=2), StyleView()]
    progress: list[tuple[int, int]] = []
    for processes in (1, 2):
        folder = tmp_path / str(processes)
        folder.mkdir()
        wanted = [(view, folder / f"{view.file_stem}.gif") for view in views]
        report = save_animations(
            trained, wanted, processes=processes, progress=lambda done, total: progress.append((done, total))
        )
        assert report.epochs == EPOCHS
        assert progress[-1] == (12, 12)
    for view in views:
        assert len({(tmp_path / n / f"{view.file_stem}.gif").read_bytes() for n in "12"}) == 1


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("exists", [False, True])
def test_a_stop_changes_no_file(trained: TrainedRun, folder: Path, processes: int, exists: bool) -> None:
    wanted = [(ManifoldView(label=label), folder / f"{label}.gif") for label in range(4)]
    if exists:
        wanted[0][1].write_bytes(b"old")

    def stop(done: int, _total: int) -> None:
        if done >= 2:
            raise ExportStoppedError

    with pytest.raises(ExportStoppedError):
        save_animations(trained, wanted, replace=True, processes=processes, progress=stop)
    assert names_in(folder) == (["0.gif"] if exists else [])
    assert not exists or wanted[0][1].read_bytes() == b"old"


@pytest.mark.parametrize("failure", [KeyboardInterrupt, OSError(28, "full"), MemoryError, None])
def test_an_error_keeps_the_old_file(
    trained: TrainedRun, tmp_path: Path, failure: BaseException | type[BaseException] | None
) -> None:
    def fail(done: int, _total: int) -> None:
        if done == 2 and failure is not None:
            raise failure

    with small_disk(tmp_path / "disk") as disk:
        (disk / "film.gif").write_bytes(b"old")
        with pytest.raises((KeyboardInterrupt, ExportError, MemoryError)) as caught:
            save_animations(trained, [(MANIFOLD, disk / "film.gif")], scale=8, replace=True, progress=fail)
        assert failure is not None or "No space left" in str(caught.value)
        assert names_in(disk) == ["film.gif"]
        assert (disk / "film.gif").read_bytes() == b"old"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_damaged_snapshot_is_an_error_or_left_out(trained: TrainedRun, folder: Path, processes: int) -> None:
    damage(trained.run, 2)
    wanted = [(ManifoldView(label=label), folder / f"{label}.gif") for label in (3, 4)]
    with pytest.raises(ExportError, match=r"snapshot of epoch 2 is damaged.*--skip-damaged"):
        save_animations(trained, wanted, processes=processes)
    assert names_in(folder) == []
    report = save_animations(trained, wanted, processes=processes, skip_damaged=True)
    assert (report.epochs, report.skipped) == ((0, 1, 5), (2,))
    assert Image.open(wanted[0][1]).n_frames == 3


def test_a_run_with_only_damaged_snapshots_has_no_animation(trained: TrainedRun, folder: Path) -> None:
    for epoch in EPOCHS:
        damage(trained.run, epoch)
    with pytest.raises(ExportError, match="No snapshot"):
        save_animations(trained, [(MANIFOLD, folder / "film.gif")], skip_damaged=True)
    assert names_in(folder) == []


def test_an_image_for_print_is_of_its_epoch_and_large(trained: TrainedRun) -> None:
    image = paint_picture(trained, MANIFOLD, 1)
    layout = TileLayout(15, 15, 28, 28, 3, ratio=2)
    assert image.size == layout.size
    shown = tiles_in(np.asarray(image)[..., None], layout)
    assert np.array_equal(shown, trained.record(trained.network(1), MANIFOLD).tiles[0])
    newest = paint_picture(trained, MANIFOLD)
    assert np.array_equal(np.asarray(newest), np.asarray(paint_picture(trained, MANIFOLD, 5)))
    with pytest.raises(RunNotFoundError, match="epoch 3"):
        paint_picture(trained, MANIFOLD, 3)


def test_views_that_cannot_be_painted(trained: TrainedRun, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs a label"):
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


@pytest.mark.parametrize("view", [*(view() for view in PICTURES.values()), STYLE, OTHER_MANIFOLD])
def test_views_survive_json_and_are_equal_only_to_themselves(view: PictureView) -> None:
    again = read_view(json.loads(view.model_dump_json()))
    assert again == view and hash(again) == hash(view) and again.identity == view.identity
    others = {ManifoldView(), LatentView(), STYLE, OTHER_MANIFOLD} - {view}
    assert view.identity not in {other.identity for other in others}


@pytest.mark.parametrize("others", ["zeros", "code", "pinned"])
def test_a_manifold_shows_the_chosen_plane(trained: TrainedRun, others: str) -> None:
    view = OTHER_MANIFOLD.model_copy(
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
def test_a_latent_plane_has_the_chosen_axes(trained: TrainedRun, view: LatentView) -> None:
    titles = trained.record(trained.network(5), view).titles
    assert titles == ("z3", "z2") or titles[0].startswith("PC 1 of epoch 2 (")
    painter = PlanePainter(titles, legend=tuple(enumerate("0123456789")))
    for epoch, frame in zip(trained.epochs, frames_of(trained, view, "webp"), strict=True):
        points = trained.record(trained.network(epoch), view)
        assert np.array_equal(frame, np.asarray(painter.paint(points, f"all labels · epoch {epoch}")))


def test_styles_come_from_every_kind_of_source(trained: TrainedRun) -> None:
    layout = TileLayout(10, 4, 28, 28, 2, 2, tuple("0123456789"))
    for epoch, frame in zip(trained.epochs, frames_of(trained, STYLE), strict=True):
        expected = 255 - trained.record(trained.network(epoch), STYLE).with_originals()
        assert np.array_equal(tiles_in(frame, layout), expected)


def test_file_names_contain_the_plane() -> None:
    assert ManifoldView(label=7).file_stem == "manifold_7"
    assert ManifoldView(label=7, dimensions=(2, 4)).file_stem == "manifold_7_z3_z5"
    assert LatentView().file_stem == "z_distr"
    assert LatentView(label=3, dimensions=(2, 4), principal_epoch=1).file_stem == "z_distr_3_pc"
    assert StyleView().file_stem == "style"


def test_invalid_views(trained: TrainedRun) -> None:
    with pytest.raises(ConfigError, match="differ"):
        LatentView(dimensions=(1, 1))
    with pytest.raises(ConfigError, match="at least 2 and at most 30"):
        ManifoldView(size=31)
    with pytest.raises(ConfigError, match="quantiles"):
        ManifoldView(quantiles=(0.9, 0.1))
    for view in (LatentView(dimensions=(0, 3)), ManifoldView(others=(1.0,)), ManifoldView(pinned=300)):
        with pytest.raises(ConfigError):
            paint_picture(trained, view)


@pytest.mark.parametrize("text", ["", "7", "7:", ":3", "7:0", "7:101", "7:60,3:60", "-1:3", "a:b", "7:1;3:1", "7:1,"])
def test_invalid_sources(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_sources(text)


def test_sources() -> None:
    assert parse_sources("7:10") == (FirstImages(label=7, count=10),)
    assert parse_sources("3:5, 7:2") == (FirstImages(label=3, count=5), FirstImages(label=7, count=2))
    assert parse_sources("test:41, 7:2") == (TestImage(index=41), FirstImages(label=7, count=2))
    for text in ("test:", "test:-1", "train:3", "test:1:2", "٣:1"):
        with pytest.raises(ConfigError, match="test:INDEX"):
            parse_sources(text)
