"""Pictures of a run as images: the record of a view, drawn with its caption."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, get_args

from PIL import Image

from cvae_core.analysis.latent import LatentView
from cvae_core.analysis.manifold import ManifoldView
from cvae_core.analysis.network import Network, check_whole_number
from cvae_core.analysis.reconstruction import ReconstructionsView
from cvae_core.analysis.samples import SamplesView
from cvae_core.analysis.style import StyleView
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.errors import ConfigError, ExportError
from cvae_core.records import Bytes, Dataset
from cvae_core.rendering.gif_palette import Palette
from cvae_core.rendering.scatter import PlanePainter, plane_colours
from cvae_core.rendering.text import can_be_written
from cvae_core.rendering.tiles import TileLayout, paint_tiles

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
