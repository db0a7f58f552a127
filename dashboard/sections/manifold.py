"""The manifold of one label or of all, at every epoch, and what the dimensions outside its plane hold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.generation import ManifoldView
from cvae_core.records import Bytes
from dashboard.cache import networks
from dashboard.components.epoch_player import PlayerState, wanted_epochs
from dashboard.components.manifold_player import LensPlane, manifold_player
from dashboard.components.tiles import TilePicture, tile_player
from dashboard.shared import session_state
from dashboard.shared.export_animation import animation_export
from dashboard.shared.pinned_image import pin_choice, pinned_codes
from dashboard.shared.snapshot_page import PageContext, take_over_place, timeline
from dashboard.shared.url_widgets import dimension_choice, label_choice, option_choice, slider_choice
from dashboard.url_state.parameters import (
    CODE,
    GRID_SIZE,
    OTHERS,
    PIN,
    PLACE,
    QUANTILES,
    X_DIMENSION,
    Y_DIMENSION,
)
from dashboard.url_state.session import set_value, shown_view, value_of

_WORDS: Final = {"zero": "Zero", "chosen": "Sliders", "pinned": "Pinned image"}
_SLIDER_LIMIT: Final = 4.0


def others_choice(context: PageContext) -> None:
    """Choose what the other dimensions hold; a code of one or two dimensions has no others."""
    if context.latent_dim <= 2:
        return
    kind = option_choice(
        OTHERS,
        "Other dimensions",
        _WORDS,
        "Values of the dimensions that are not axes. Zero: the mean of the prior. Sliders: a value for each. "
        "Pinned image: its code at each epoch.",
    )
    if kind == "chosen":
        with st.popover("Values", icon=":material/tune:", help="Set a value for each of the other dimensions."):
            for dimension in _other_dimensions(context):
                _slider(context, dimension)
    elif kind == "pinned" and value_of(PIN) is None:
        st.caption("No image is pinned. Enter its index here, or click a point in the latent space.")


def _other_dimensions(context: PageContext) -> list[int]:
    plane = (value_of(X_DIMENSION) - 1, value_of(Y_DIMENSION) - 1)
    return [dimension for dimension in range(context.latent_dim) if dimension not in plane]


def _chosen_code(context: PageContext) -> tuple[float, ...]:
    return value_of(CODE) or (0.0,) * context.latent_dim


def _slider(context: PageContext, dimension: int) -> None:
    name = f"code_{dimension}"
    shown = float(np.clip(_chosen_code(context)[dimension], -_SLIDER_LIMIT, _SLIDER_LIMIT))
    st.slider(
        f"z{dimension + 1}",
        -_SLIDER_LIMIT,
        _SLIDER_LIMIT,
        shown,
        step=0.1,
        key=session_state.key_of_choice(name, shown),
        on_change=_put(context, dimension, name),
        help="In standard deviations of the prior.",
    )


def _put(context: PageContext, dimension: int, name: str) -> Callable[[], None]:
    def put() -> None:
        code = list(_chosen_code(context))
        code[dimension] = session_state.chosen_value(name)
        set_value(CODE, tuple(code))
        session_state.forget_problems()

    return put


_KEY: Final = "manifold_player"
_ALL_KEY: Final = "label_manifolds_player"
_ANIMATION: Final = "The manifold above, with label and epoch in the caption; 100 ms a frame."
_ANIMATIONS: Final = "The manifolds above, an animation for each label; 100 ms a frame."
_BYTES_OF_ALL: Final = 700_000


def manifold_view(context: PageContext, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and the player."""
    with row:
        label = label_choice(context.data.class_names, with_all=True)
        _plane_settings(context)
        others_choice(context)
        pin_choice(context.data)
    view = _view(context, label)
    if label is not None:
        _one_label(context, view)
        animation_export(context, [view], _ANIMATION)
        return
    _all_labels(context, view)
    labels = range(len(context.data.class_names))
    animation_export(context, [view.model_copy(update={"label": of}) for of in labels], _ANIMATIONS)


def _view(context: PageContext, label: int | None) -> ManifoldView:
    """What the page shows. With all labels there are fewer tiles, so that the slider stays fast."""
    size = value_of(GRID_SIZE)
    others = value_of(OTHERS)
    resolved: dict[str, Any] = {
        "label": label,
        "size": size if label is not None else min(size, _size_of_all(context)),
        "others": _chosen_code(context) if others == "chosen" else (),
        "pinned": value_of(PIN) if others == "pinned" else None,
    }
    return shown_view(ManifoldView, **resolved | ({"dimensions": (0, 1)} if context.latent_dim == 1 else {}))


def _plane_settings(context: PageContext) -> None:
    if context.latent_dim > 2:
        dimension_choice(X_DIMENSION, "Across", context.latent_dim, Y_DIMENSION)
        dimension_choice(Y_DIMENSION, "Down", context.latent_dim, X_DIMENSION)
    slider_choice(
        QUANTILES,
        "Quantiles",
        0.001,
        "Range of both axes, as quantiles of the prior. The steps have equal probability.",
    )
    slider_choice(
        GRID_SIZE,
        "Grid",
        1,
        f"Tiles along each side; at most {_size_of_all(context)} if all labels are shown.",
    )


def _size_of_all(context: PageContext) -> int:
    """Tiles along each side of each grid where all labels are shown."""
    pixels = int(np.prod(context.data.shape.image_shape))
    return max(2, min(int(GRID_SIZE.high), int((_BYTES_OF_ALL / (pixels * len(context.data.class_names))) ** 0.5)))


def _one_label(context: PageContext, view: ManifoldView) -> None:
    take_over_place(_KEY)
    line = timeline(context, _KEY, view)
    wanted = wanted_epochs(line, PlayerState.parse(st.session_state.get(_KEY)).ask)
    manifold_player(
        _KEY,
        line,
        [_picture(context, view, view.label)],
        lambda epoch: {"manifold": networks.record(context.key, epoch, view).tiles[0]},
        _plane(context, view, line.epoch),
        lambda epoch: networks.network(context.key, epoch),
        value_of(PLACE) or None,
        pinned_codes(context, line, wanted, is_base=value_of(OTHERS) == "pinned"),
    )


def _plane(context: PageContext, view: ManifoldView, epoch: int) -> LensPlane:
    (x, y), latent_dim = view.dimensions, context.latent_dim
    return LensPlane(
        dimensions=(x, y if latent_dim > 1 else None),
        quantiles=view.quantiles,
        base=tuple(map(float, view.base_code(latent_dim, networks.RecordsAt(context.key, epoch)))),
        class_names=context.data.class_names,
        image_shape=context.data.shape.image_shape,
        selected_label=view.label or 0,
    )


def _all_labels(context: PageContext, view: ManifoldView) -> None:
    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        return {f"label{label}": tiles for label, tiles in enumerate(networks.record(context.key, epoch, view).tiles)}

    pictures = [_picture(context, view, label) for label in range(len(context.data.class_names))]
    tile_player(_ALL_KEY, timeline(context, _ALL_KEY, view), pictures, frame_of, min_width=200)
    st.caption("All labels use the same codes: the style stays, the digit changes.")


def _picture(context: PageContext, view: ManifoldView, label: int | None) -> TilePicture:
    """The grid of a label, which stands alone if the view is of that label only."""
    name, alone = context.data.class_names[label or 0], view.label is not None
    axes = _axes_words(view, context.latent_dim)
    return TilePicture(
        name="manifold" if alone else f"label{label}",
        title=f"Manifold of {name}" if alone else name,
        description=f"Manifold of {name}: tiles decoded from a grid of codes over {axes}.",
        caption=f"{axes}." if alone else "",
        file_name=f"manifold_{name}.png",
    )


def _axes_words(view: ManifoldView, latent_dim: int) -> str:
    span = f"from {view.steps[0]:.2f} to {view.steps[-1]:.2f}".replace("-", "−")
    if latent_dim == 1:
        return f"z1 to the right {span}"
    x, y = view.dimensions
    return f"z{x + 1} to the right and z{y + 1} downwards, each {span}"
