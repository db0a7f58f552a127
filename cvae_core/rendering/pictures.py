"""The pictures of a run as records and images, and the 256 colours of a GIF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

import numpy as np
import numpy.typing as npt
from PIL import Image

from cvae_core.analysis.generation import ManifoldView, SamplesView
from cvae_core.analysis.latent import LatentView
from cvae_core.analysis.network import Network, check_whole_number
from cvae_core.analysis.reconstruction import ReconstructionsView
from cvae_core.analysis.style import StyleView
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.errors import ConfigError, ExportError
from cvae_core.records import Bytes, Dataset
from cvae_core.rendering.drawing import (
    BACKGROUND,
    BORDER,
    QUIET,
    TEXT,
    Colour,
    TileLayout,
    can_be_written,
    label_colour,
    mixed,
    paint_tiles,
)
from cvae_core.rendering.scatter import OPACITY, RING_OPACITY, PlanePainter

PALETTE_SIZE: Final = 256
_GREYS: Final = 24
_LEVELS: Final = 32


class Palette:
    """256 colours for a whole GIF, so that no colour flickers between frames.

    Args:
        points: Colours of the points of a latent plane.

    Attributes:
        colours: uint8 (256, 3).
    """

    def __init__(self, points: Sequence[Colour]) -> None:
        from scipy.spatial import cKDTree

        exact = np.array(_exact(points), np.uint8)
        known = list(dict.fromkeys([*_exact(points), *_shades(points, PALETTE_SIZE - len(exact))]))[:PALETTE_SIZE]
        self.colours: npt.NDArray[np.uint8] = np.zeros((PALETTE_SIZE, 3), np.uint8)
        self.colours[: len(known)] = known
        levels = np.linspace(0.0, 255.0, _LEVELS)
        cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
        # The index of the nearest colour for each of 32 x 32 x 32 colours.
        self._nearest: npt.NDArray[np.uint8] = np.asarray(cKDTree(known).query(cube)[1], np.uint8)
        # The most frequent colours stay exact; of two in one cell of the cube the first does.
        for index in reversed(range(len(exact))):
            self._nearest[_cells(exact[index])] = known.index(tuple(exact[index].tolist()))

    def apply(self, image: Image.Image) -> Image.Image:
        """Convert an image of mode "RGB" to one of mode "P" with these colours, without dithering."""
        indexed = Image.fromarray(self._nearest[_cells(np.asarray(image))])
        indexed.putpalette(self.colours.tobytes())
        return indexed


def _exact(points: Sequence[Colour]) -> list[Colour]:
    """The colours of the page, of single points, and of two overlapping points of one label."""
    single = [mixed(BACKGROUND, colour, OPACITY) for colour in points]
    double = [mixed(below, colour, OPACITY) for below, colour in zip(single, points, strict=True)]
    return [BACKGROUND, TEXT, BORDER, QUIET, *single, *points, *double]


def _shades(points: Sequence[Colour], room: int) -> list[Colour]:
    """At most ``room`` colours: edges of text and points, points under a ring, two overlapping labels."""
    greys = [mixed(BACKGROUND, TEXT, share) for share in np.linspace(0.0, 1.0, _GREYS)]
    pairs = [mixed(one, other, 0.5) for index, one in enumerate(points) for other in points[:index]]
    each = (room - len(greys) - len(pairs)) // len(points)
    ringed = max(1, each // 3)
    shades = greys
    for colour in points:
        shades += [mixed(BACKGROUND, colour, share) for share in np.linspace(0.0, 1.0, max(1, each - ringed) + 1)[1:]]
    for single in (mixed(BACKGROUND, colour, OPACITY) for colour in points):
        shades += [mixed(single, TEXT, RING_OPACITY * share) for share in np.linspace(0.0, 1.0, ringed + 1)[1:]]
    return [*shades, *pairs]


def _cells(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """The place of colours in a cube of 32 levels for each channel."""
    red, green, blue = np.moveaxis(pixels.astype(np.int64) >> 3, -1, 0)
    cells: npt.NDArray[np.int64] = red << 10 | green << 5 | blue
    return cells


PictureView = ManifoldView | LatentView | StyleView | SamplesView | ReconstructionsView
PICTURES: Final[dict[str, type[PictureView]]] = {
    view.model_fields["kind"].default: view for view in get_args(PictureView)
}

SCALE_LIMIT: Final = 8
_GAP: Final = 2
# The longer side that a grid of tiles should have, in pixels.
_ANIMATION_SIDE: Final = 560
_PRINT_SIDE: Final = 1200


def picture_class(kind: str) -> type[PictureView]:
    """The view class of a kind of picture; a ``ConfigError`` if there is no such kind."""
    if kind not in PICTURES:
        raise ConfigError(f"There is no picture {kind!r}.", f"The pictures are: {', '.join(PICTURES)}.")
    return PICTURES[kind]


def read_view(value: Mapping[str, Any]) -> PictureView:
    """Read the JSON form of a view; a ``ConfigError`` if it is not valid."""
    return picture_class(value["kind"])(**value)


def paint(
    trained: TrainedRun,
    view: PictureView,
    network: Network,
    epoch: int,
    *,
    for_print: bool = False,
    scale: int | None = None,
) -> Image.Image:
    """Paint what a view shows at an epoch.

    Args:
        trained: The run.
        view: What to paint; a manifold needs a label.
        network: The network after that epoch.
        epoch: For the caption.
        for_print: Whether to paint a large image instead of a frame of an animation.
        scale: Pixels for each pixel of a tile, or each unit of a plane, 1 to 8; chosen automatically if ``None``.

    Returns:
        An image of mode "L" or "RGB", of the same size at every epoch.

    Raises:
        ConfigError: The scale is out of range, or the network or the data lack what the view names.
        ExportError: There is no image to show.
        DataError: The view needs the training images, which are not available.
    """
    if scale is not None:
        check_whole_number("scale", scale, 1, SCALE_LIMIT)
    ratio = 2 if for_print else 1
    names = _names(trained.test_data)
    if isinstance(view, LatentView):
        plane = trained.record(network, view)
        legend = tuple(enumerate(names)) if view.label is None else ()
        painter = PlanePainter(plane.titles, plane.dimensions[1] is None, legend, scale or ratio)
        words = "all labels" if view.label is None else f"label {names[view.label]}"
        return painter.paint(plane, f"{words} · epoch {epoch}")
    tiles, row_names, words = _tiles(trained, view, network, names)
    rows, columns, height, width = tiles.shape[:4]
    side = _PRINT_SIDE if for_print else _ANIMATION_SIDE
    fitting = min(SCALE_LIMIT, max(1, round(side / max(columns * width, rows * height))))
    gap = _GAP * ratio if row_names else 0
    layout = TileLayout(rows, columns, height, width, scale or fitting, gap, row_names, ratio)
    return paint_tiles(layout, tiles, f"{words} · epoch {epoch}")


def palette_of(view: PictureView, n_classes: int) -> Palette | None:
    """The palette of a GIF; ``None`` if its frames are grey, or their colours are not known in advance."""
    if not isinstance(view, LatentView):
        return None
    labels = range(n_classes) if view.label is None else [view.label]
    return Palette(tuple(dict.fromkeys(map(label_colour, labels))))


def _tiles(
    trained: TrainedRun,
    view: ManifoldView | StyleView | SamplesView | ReconstructionsView,
    network: Network,
    names: tuple[str, ...],
) -> tuple[Bytes, tuple[str, ...], str]:
    """Tiles, uint8 (rows, columns, height, width, channels), the names of the rows and the caption."""
    if isinstance(view, ManifoldView):
        if view.label is None:
            raise ConfigError("A manifold needs a label.", "Choose one, such as --label 7, or --label all.")
        x, y = view.dimensions
        plane = "" if (x, y) == (0, 1) else f" · z{x + 1} across, z{y + 1} down"
        return trained.record(network, view).tiles[0], (), f"label {names[view.label]}{plane}"
    if isinstance(view, StyleView):
        figure = trained.record(network, view).with_originals()
        return 255 - figure if view.invert else figure, names, "style transfer"
    if isinstance(view, SamplesView):
        return trained.record(network, view).tiles, names, f"samples · seed {view.seed}"
    record = trained.record(network, view)
    if len(record.labels) == 0:
        raise ExportError("There is no test image to reconstruct.", "Choose another label.")
    rows = record.in_rows()
    label = "" if view.label is None else f" · label {names[view.label]}"
    return rows, ("Original", "Decoded") * (len(rows) // 2), f"reconstructions{label}"


def _names(data: Dataset) -> tuple[str, ...]:
    """The names of the labels, or their numbers where the font lacks a character."""
    return tuple(name if can_be_written(name) else str(label) for label, name in enumerate(data.class_names))
