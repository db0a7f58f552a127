"""The plane of latent space that a picture's settings name."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from cvae_core.analysis.latent import encode_split, onto_dimensions, onto_principal, plane, principal_axes
from cvae_core.analysis.manifold import manifold
from cvae_core.analysis.network import Network, check_whole_number
from cvae_core.analysis.reconstruction import ReconstructionsView, one_test_image
from cvae_core.analysis.records import PrincipalAxes, Projection
from cvae_core.analysis.samples import SamplesView
from cvae_core.analysis.style import transfer
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.analysis.views import POINTS_LIMIT, compute
from cvae_core.errors import ConfigError, ExportError
from cvae_core.records import Bytes, Dataset, Floats, Split
from cvae_core.rendering.gif_palette import Palette
from cvae_core.rendering.scatter import PlanePainter, plane_colours
from cvae_core.rendering.spec import (
    SCALE_LIMIT,
    OwnImage,
    PickedImage,
    PictureKind,
    PictureSettings,
    Plane,
    Source,
    Sources,
)
from cvae_core.rendering.text import can_be_written
from cvae_core.rendering.tiles import TileLayout, paint_tiles

_USUAL: Final = (0, 1)


def projection_of(trained: TrainedRun, plane: Plane) -> tuple[Projection, tuple[str, str]]:
    """From codes to the plane of a latent picture, and the titles of its axes.

    Raises:
        ConfigError: The code does not have one of the dimensions.
        RunError: The snapshot of the principal directions is missing or damaged.
    """
    latent_dim = trained.config.model.latent_dim
    if latent_dim == 1:
        return onto_dimensions(1, (0, 0)), axis_titles(1, _USUAL)
    if plane.principal_epoch is None:
        return onto_dimensions(latent_dim, plane.dimensions), axis_titles(latent_dim, plane.dimensions)
    points = trained.test_data.test.first(POINTS_LIMIT)
    axes = principal_axes(encode_split(trained.network(plane.principal_epoch), points))
    return onto_principal(axes), principal_titles(axes, plane.principal_epoch)


def axis_titles(latent_dim: int, dimensions: tuple[int, int]) -> tuple[str, str]:
    """What the axes of a latent picture are called; dimensions are counted from 1, as people do."""
    if latent_dim == 1:
        return "z1", "a lane for each label"
    x, y = dimensions
    return f"z{x + 1}", f"z{y + 1}"


def principal_titles(axes: PrincipalAxes, epoch: int) -> tuple[str, str]:
    """What the axes are called if they are the principal directions, with their shares of the variance.

    Args:
        axes: The directions.
        epoch: Whose codes gave them, which need not be the one shown.
    """
    x, y = (f"PC {place} of epoch {epoch} ({share:.0%})" for place, share in enumerate(axes.explained[:2], 1))
    return x, y


def other_dimensions(network: Network, test: Split, plane: Plane) -> Floats | None:
    """What the dimensions of a manifold hold that are not those of its plane: float32 (latent_dim,); None for zeros.

    Raises:
        ConfigError: There is no test image of the pinned index.
    """
    if plane.pinned is not None:
        pinned = one_test_image(test, plane.pinned)
        code: Floats = network.encode(pinned.images, pinned.labels)[0][0]
        return code
    return np.array(plane.others, np.float32) if plane.others else None


def plane_words(plane: Plane) -> str:
    """What a caption says of the plane of a manifold, unless it is the usual one."""
    x, y = plane.dimensions
    return "" if plane.dimensions == _USUAL else f" · z{x + 1} across, z{y + 1} down"


def split_of_sources(trained: TrainedRun, sources: Sequence[Source]) -> Split:
    """The images, with the labels that they are encoded with.

    Raises:
        ConfigError: A label or an index is out of range, or an own image is not of the data's form.
        ExportError: There are too few images of a label.
        DataError: The training images are wanted, and are not there.
    """
    parts = [_images(trained, source) for source in sources]
    return Split(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))


def known_label(data: Dataset, label: int) -> int:
    """The label, if the data have it.

    Raises:
        ConfigError: They do not.
    """
    check_whole_number("label", label, 0, data.shape.n_classes - 1)
    return label


def _images(trained: TrainedRun, source: Source) -> Split:
    if isinstance(source, Sources):
        return _first_of(trained.data, source)
    if isinstance(source, PickedImage):
        return one_test_image(trained.test_data.test, source.index)
    known_label(trained.test_data, source.label)
    return Split(_own_image(trained.test_data, source)[None], np.array([source.label], np.int64))


def _own_image(data: Dataset, source: OwnImage) -> Bytes:
    try:
        pixels = base64.b64decode(source.pixels, validate=True)
    except (binascii.Error, ValueError):
        pixels = b""
    if len(pixels) != data.shape.pixels:
        raise ConfigError(f"An image of one's own should be {data.shape.pixels} bytes in base64.")
    return np.frombuffer(pixels, np.uint8).reshape(data.shape.image_shape)


def _first_of(data: Dataset, source: Sources) -> Split:
    """The first training images of a label."""
    found = np.flatnonzero(data.train.labels == known_label(data, source.label))[: source.count]
    if len(found) < source.count:
        raise ExportError(
            f"The training set has {len(found)} images of label {source.label}, not {source.count}.", "Ask for fewer."
        )
    return Split(data.train.images[found], data.train.labels[found])


_COLUMNS: Final = 10
_RECONSTRUCTIONS: Final = 30
_GAP: Final = 2
# What the longer side of a grid of tiles should be near, in pixels: on a page, and to print.
_FILM_SIDE: Final = 560
_PRINT_SIDE: Final = 1200


@dataclass(frozen=True)
class Picture:
    """A picture that can be painted at any epoch.

    Attributes:
        paint: From the network after an epoch, and that epoch, to an image of mode "L" or "RGB"; the size is always
            the same.
        make_palette: Finds the colours of a GIF; ``None`` if they are greys, or not known beforehand.
    """

    paint: Callable[[Network, int], Image.Image]
    make_palette: Callable[[], Palette] | None = None


def picture(trained: TrainedRun, settings: PictureSettings, *, for_print: bool) -> Picture:
    """Prepare a picture.

    Args:
        trained: The run.
        settings: What to paint.
        for_print: Whether it stands alone and is large, or is a frame of a film.

    Raises:
        ConfigError: A label is out of range.
        ExportError: There are too few images of a label.
        DataError: The training images are not there.
    """
    return _MAKERS[settings.kind](trained, settings, 2 if for_print else 1)


def _manifold(trained: TrainedRun, settings: PictureSettings, ratio: int) -> Picture:
    data = trained.test_data
    label, shown = known_label(data, settings.label or 0), settings.plane
    rows = 1 if trained.config.model.latent_dim == 1 else shown.size
    layout = _layout(data, settings, ratio, rows, shown.size)

    def tiles(network: Network) -> Bytes:
        others = other_dimensions(network, data.test, shown)
        place: dict[str, Any] = {"size": shown.size, "dimensions": shown.dimensions, "quantiles": shown.quantiles}
        return manifold(network, label, others=others, **place).tiles

    return _tile_picture(layout, tiles, f"label {_name(data, label)}{plane_words(shown)}")


def _latent(trained: TrainedRun, settings: PictureSettings, ratio: int) -> Picture:
    data, flat = trained.test_data, trained.config.model.latent_dim == 1
    n_classes = data.shape.n_classes
    projection, titles = projection_of(trained, settings.plane)
    painter = PlanePainter(
        titles=titles,
        one_dimensional=flat,
        legend=tuple(enumerate(_names(data))) if settings.label is None else (),
        ratio=settings.scale or ratio,
    )
    points = _of_label(data, settings.label, POINTS_LIMIT)
    words = "all labels" if settings.label is None else f"label {_name(data, settings.label)}"

    def paint(network: Network, epoch: int) -> Image.Image:
        return painter.paint(plane(encode_split(network, points), n_classes, projection), _caption(words, epoch))

    labels = range(n_classes) if settings.label is None else [settings.label]
    return Picture(paint, lambda: Palette(plane_colours(labels)))


def _style(trained: TrainedRun, settings: PictureSettings, ratio: int) -> Picture:
    data = trained.test_data
    sources = split_of_sources(trained, settings.sources)
    layout = _layout(data, settings, ratio, data.shape.n_classes, len(sources), _GAP, _names(data))

    def tiles(network: Network) -> Bytes:
        figure = transfer(network, sources.images, sources.labels).with_originals()
        return 255 - figure if settings.invert else figure

    return _tile_picture(layout, tiles, "style transfer")


def _samples(trained: TrainedRun, settings: PictureSettings, ratio: int) -> Picture:
    data, view = trained.test_data, SamplesView(seed=settings.seed)
    layout = _layout(data, settings, ratio, data.shape.n_classes, view.columns, _GAP, _names(data))

    def tiles(network: Network) -> Bytes:
        return compute(network, data, view).tiles

    return _tile_picture(layout, tiles, f"samples · seed {settings.seed}")


def _reconstructions(trained: TrainedRun, settings: PictureSettings, ratio: int) -> Picture:
    data, view = trained.test_data, ReconstructionsView(label=settings.label, count=_RECONSTRUCTIONS)
    if settings.label is not None:
        known_label(data, settings.label)
    if view.number(data) == 0:
        raise ExportError("There is no test image to reconstruct.", "Choose another label.")
    columns = min(_COLUMNS, view.number(data))
    rows = -(-view.number(data) // columns)
    layout = _layout(data, settings, ratio, 2 * rows, columns, _GAP, ("Original", "Decoded") * rows)
    of = "" if settings.label is None else f" · label {_name(data, settings.label)}"
    return _tile_picture(layout, lambda network: compute(network, data, view).in_rows(columns), f"reconstructions{of}")


_MAKERS: Final[dict[PictureKind, Callable[[TrainedRun, PictureSettings, int], Picture]]] = {
    "manifold": _manifold,
    "latent": _latent,
    "style": _style,
    "samples": _samples,
    "reconstructions": _reconstructions,
}


def _tile_picture(layout: TileLayout, tiles: Callable[[Network], Bytes], words: str) -> Picture:
    return Picture(lambda network, epoch: paint_tiles(layout, tiles(network), _caption(words, epoch)))


def _caption(words: str, epoch: int) -> str:
    return f"{words} · epoch {epoch}"


def _layout(
    data: Dataset,
    settings: PictureSettings,
    ratio: int,
    rows: int,
    columns: int,
    gap: int = 0,
    row_names: tuple[str, ...] = (),
) -> TileLayout:
    height, width, _ = data.shape.image_shape
    target = _PRINT_SIDE if ratio > 1 else _FILM_SIDE
    scale = settings.scale or min(SCALE_LIMIT, max(1, round(target / max(columns * width, rows * height))))
    return TileLayout(rows, columns, height, width, scale, gap * ratio, row_names, ratio=ratio)


def _of_label(data: Dataset, label: int | None, limit: int) -> Split:
    """The first test images, or the first of them that have a label."""
    if label is None:
        return data.test.first(limit)
    shown = data.test.first(POINTS_LIMIT)
    kept = np.flatnonzero(shown.labels == known_label(data, label))[:limit]
    return Split(shown.images[kept], shown.labels[kept])


def _names(data: Dataset) -> tuple[str, ...]:
    return tuple(_name(data, label) for label in range(data.shape.n_classes))


def _name(data: Dataset, label: int) -> str:
    """What a label is called, or its number where the font lacks a character."""
    name = data.class_names[known_label(data, label)]
    return name if can_be_written(name) else str(label)
