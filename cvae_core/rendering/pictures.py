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
from cvae_core.rendering.colours import BACKGROUND, BORDER, QUIET, TEXT, Colour, mixed
from cvae_core.rendering.scatter import OPACITY, RING_OPACITY, PlanePainter, plane_colours
from cvae_core.rendering.text import can_be_written
from cvae_core.rendering.tiles import TileLayout, paint_tiles

SIZE: Final = 256
_GREYS: Final = 24
_LEVELS: Final = 32
_ROWS_AT_A_TIME: Final = 4096


class Palette:
    """256 colours, and which of them stands for any other.

    Made once for a film and not found frame by frame, so that no colour flickers.

    Args:
        points: Colours of the points of a latent plane.

    Attributes:
        colours: uint8 (256, 3).
    """

    def __init__(self, points: Sequence[Colour]) -> None:
        exact = _exact(points)
        found = list(dict.fromkeys([*exact, *_shades(points)]))[:SIZE]
        self.colours: npt.NDArray[np.uint8] = np.zeros((SIZE, 3), np.uint8)
        self.colours[: len(found)] = found
        self._nearest = _nearest(self.colours[: len(found)])
        # What is seen most keeps its very colour: the nearest of a coarse step may be a neighbour.
        for index in reversed(range(len(exact))):
            self._nearest[_cell(self.colours[index])] = index

    def apply(self, image: Image.Image) -> Image.Image:
        """A picture of mode "RGB" as one of mode "P" in these colours, without dithering."""
        indexed = Image.fromarray(self._nearest[_cells(np.asarray(image))])
        indexed.putpalette(self.colours.tobytes())
        return indexed


def _exact(points: Sequence[Colour]) -> list[Colour]:
    """The page's own colours, those of single points, and of points that lie over others of their kind."""
    single = [mixed(BACKGROUND, colour, OPACITY) for colour in points]
    double = [mixed(below, colour, OPACITY) for below, colour in zip(single, points, strict=True)]
    return [BACKGROUND, TEXT, BORDER, QUIET, *single, *points, *double]


def _shades(points: Sequence[Colour]) -> list[Colour]:
    """Edges of text and points, points under a ring, and points of two colours in one pixel."""
    greys = [mixed(BACKGROUND, TEXT, share) for share in np.linspace(0.0, 1.0, _GREYS)]
    pairs = [mixed(one, other, 0.5) for index, one in enumerate(points) for other in points[:index]]
    room = (SIZE - len(_exact(points)) - _GREYS - len(pairs)) // max(1, len(points))
    under_ring = max(1, room // 3)
    edges = [mixed(BACKGROUND, colour, share) for colour in points for share in _steps(room - under_ring)]
    ringed = [
        mixed(mixed(BACKGROUND, colour, OPACITY), TEXT, RING_OPACITY * share)
        for colour in points
        for share in _steps(under_ring)
    ]
    return [*greys, *edges, *ringed, *pairs]


def _steps(count: int) -> npt.NDArray[np.float64]:
    return np.linspace(0.0, 1.0, max(1, count) + 1)[1:]


def _nearest(colours: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """For each of 32 x 32 x 32 colours the index of the one that is closest to it."""
    levels = (np.arange(_LEVELS) * 255.0 / (_LEVELS - 1)).astype(np.float32)
    cube = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    known = colours.astype(np.float32)
    parts = [cube[begin : begin + _ROWS_AT_A_TIME] for begin in range(0, len(cube), _ROWS_AT_A_TIME)]
    # |a - b|^2 without |a|^2, which does not change which b is closest.
    found = [np.argmin((known * known).sum(axis=1) - 2 * part @ known.T, axis=1) for part in parts]
    return np.concatenate(found).astype(np.uint8)


def _cells(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    coarse = (pixels >> 3).astype(np.uint16)
    cells: npt.NDArray[np.uint16] = ((coarse[..., 0] << 10) | (coarse[..., 1] << 5) | coarse[..., 2]).astype(np.uint16)
    return cells


def _cell(colour: npt.NDArray[np.uint8]) -> int:
    return int(_cells(colour))


PictureView = ManifoldView | LatentView | StyleView | SamplesView | ReconstructionsView
PICTURES: Final[dict[str, type[PictureView]]] = {
    view.model_fields["kind"].default: view for view in get_args(PictureView)
}

SCALE_LIMIT: Final = 8
_GAP: Final = 2
# What the longer side of a grid of tiles should be near, in pixels: in an animation, and to print.
_ANIMATION_SIDE: Final = 560
_PRINT_SIDE: Final = 1200


def picture_class(kind: str) -> type[PictureView]:
    """The views of a kind of picture.

    Raises:
        ConfigError: There is no such picture.
    """
    if kind not in PICTURES:
        raise ConfigError(f"There is no picture {kind!r}.", f"The pictures are: {', '.join(PICTURES)}.")
    return PICTURES[kind]


def read_view(value: Mapping[str, Any]) -> PictureView:
    """A view of its JSON form.

    Raises:
        ConfigError: It is no view, or holds a value out of range.
    """
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
        view: What to paint; of a manifold one label.
        network: After that epoch.
        epoch: The same at every frame of an animation but for the caption.
        for_print: Whether the picture stands alone and is large, or is a frame of an animation.
        scale: How many times larger than one to one the picture is, 1 to 8; what suits it if ``None``.

    Returns:
        An image of mode "L" or "RGB"; its size does not depend on the epoch.

    Raises:
        ConfigError: The scale is out of range, or the network or the data lack what the view names.
        ExportError: There is no image to show.
        DataError: The training images are wanted, and are not there.
    """
    if scale is not None:
        check_whole_number("scale", scale, 1, SCALE_LIMIT)
    ratio = 2 if for_print else 1
    if isinstance(view, LatentView):
        return _paint_plane(trained, view, network, f" · epoch {epoch}", scale or ratio)
    tiles, row_names, words = _tiles(trained, view, network)
    rows, columns, height, width = tiles.shape[:4]
    target = _PRINT_SIDE if for_print else _ANIMATION_SIDE
    fitting = min(SCALE_LIMIT, max(1, round(target / max(columns * width, rows * height))))
    gap = _GAP * ratio if row_names else 0
    layout = TileLayout(rows, columns, height, width, scale or fitting, gap, row_names, ratio=ratio)
    return paint_tiles(layout, tiles, f"{words} · epoch {epoch}")


def palette_of(view: PictureView, n_classes: int) -> Palette | None:
    """The colours of a GIF; ``None`` if they are greys, or not known beforehand."""
    if not isinstance(view, LatentView):
        return None
    return Palette(plane_colours(range(n_classes) if view.label is None else [view.label]))


def _paint_plane(trained: TrainedRun, view: LatentView, network: Network, epoch: str, ratio: int) -> Image.Image:
    data, record = trained.test_data, trained.record(network, view)
    painter = PlanePainter(
        titles=record.titles,
        one_dimensional=record.dimensions[1] is None,
        legend=tuple(enumerate(_names(data))) if view.label is None else (),
        ratio=ratio,
    )
    words = "all labels" if view.label is None else f"label {_names(data)[view.label]}"
    return painter.paint(record, words + epoch)


def _tiles(
    trained: TrainedRun, view: ManifoldView | StyleView | SamplesView | ReconstructionsView, network: Network
) -> tuple[Bytes, tuple[str, ...], str]:
    """Tiles, uint8 (rows, columns, height, width, channels), the names of the rows and the caption."""
    names = _names(trained.test_data)
    if isinstance(view, ManifoldView):
        if view.label is None:
            raise ConfigError("A manifold is that of one label.", "Say which: --label 7, or --label all.")
        manifold = trained.record(network, view).tiles[0]
        x, y = view.dimensions
        plane = "" if (x, y) == (0, 1) else f" · z{x + 1} across, z{y + 1} down"
        return manifold, (), f"label {names[view.label]}{plane}"
    if isinstance(view, StyleView):
        figure = trained.record(network, view).with_originals()
        return 255 - figure if view.invert else figure, names, "style transfer"
    if isinstance(view, SamplesView):
        return trained.record(network, view).tiles, names, f"samples · seed {view.seed}"
    record = trained.record(network, view)
    if len(record.labels) == 0:
        raise ExportError("There is no test image to reconstruct.", "Choose another label.")
    rows = record.in_rows()
    of = "" if view.label is None else f" · label {names[view.label]}"
    return rows, ("Original", "Decoded") * (len(rows) // 2), f"reconstructions{of}"


def _names(data: Dataset) -> tuple[str, ...]:
    """What the labels are called, or their numbers where the font lacks a character."""
    return tuple(name if can_be_written(name) else str(label) for label, name in enumerate(data.class_names))
