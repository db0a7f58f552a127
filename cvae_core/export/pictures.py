"""What the pages show, as pictures painted here: each is a function of a network and its epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from PIL import Image

from cvae_core.analysis.latent import encode_split, plane
from cvae_core.analysis.manifold import manifold
from cvae_core.analysis.network import Network
from cvae_core.analysis.reconstruction import reconstruct
from cvae_core.analysis.samples import samples
from cvae_core.analysis.style import transfer
from cvae_core.errors import ExportError
from cvae_core.export.lettering import can_be_written
from cvae_core.export.palettes import Palette
from cvae_core.export.plane_painter import PlanePainter, plane_colours
from cvae_core.export.planes import other_dimensions, plane_words, projection_of
from cvae_core.export.settings import SCALE_LIMIT, PictureKind, PictureSettings
from cvae_core.export.sources import POINTS_LIMIT, known_label, split_of_sources
from cvae_core.export.tile_painter import TileLayout, paint_tiles
from cvae_core.export.trained_run import TrainedRun
from cvae_core.records import Bytes, Dataset, Split

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
    data = trained.test_data
    layout = _layout(data, settings, ratio, data.shape.n_classes, _COLUMNS, _GAP, _names(data))

    def tiles(network: Network) -> Bytes:
        return samples(network, columns=_COLUMNS, seed=settings.seed).tiles

    return _tile_picture(layout, tiles, f"samples · seed {settings.seed}")


def _reconstructions(trained: TrainedRun, settings: PictureSettings, ratio: int) -> Picture:
    data = trained.test_data
    shown = _of_label(data, settings.label, _RECONSTRUCTIONS)
    if len(shown) == 0:
        raise ExportError("There is no test image to reconstruct.", "Choose another label.")
    columns = min(_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    layout = _layout(data, settings, ratio, 2 * rows, columns, _GAP, ("Original", "Decoded") * rows)

    def tiles(network: Network) -> Bytes:
        found = reconstruct(network, shown, np.arange(len(shown)))
        parts = [_in_rows(part, rows, columns) for part in (found.originals, found.reconstructions)]
        return np.stack(parts, axis=1).reshape(2 * rows, columns, *data.shape.image_shape)

    of = "" if settings.label is None else f" · label {_name(data, settings.label)}"
    return _tile_picture(layout, tiles, f"reconstructions{of}")


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


def _in_rows(images: Bytes, rows: int, columns: int) -> Bytes:
    """(rows, columns, height, width, channels); what is left of the last row is black."""
    padded = np.zeros((rows * columns, *images.shape[1:]), np.uint8)
    padded[: len(images)] = images
    return padded.reshape(rows, columns, *images.shape[1:])


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
