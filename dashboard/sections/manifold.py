"""What the latent dimensions hold that are not those of the manifold's plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import NormalDist
from typing import Final

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.manifold import label_manifolds, manifold
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.records import Bytes, Floats
from cvae_core.rendering.spec import PictureSettings, Plane
from dashboard.cache import networks
from dashboard.components.epoch_player import FilmState, Timeline, wanted_epochs
from dashboard.components.manifold_player import LensPlane, PinnedCodes, manifold_film
from dashboard.components.tile_player import TilePicture, tile_film
from dashboard.shared import session_state
from dashboard.shared.epoch_player import take_over_place, timeline
from dashboard.shared.export_animation import film_export
from dashboard.shared.pinned_image import pin_choice, pinned_codes
from dashboard.shared.snapshot_page import PageContext
from dashboard.shared.url_widgets import dimension_choice, label_choice, option_choice, slider_choice
from dashboard.url_state.parameters import (
    CODE,
    GRID_SIZE,
    LABEL,
    LARGEST_GRID,
    OTHERS,
    PIN,
    PLACE,
    QUANTILES,
    X_DIMENSION,
    Y_DIMENSION,
)
from dashboard.url_state.session import set_value, value_of

_WORDS: Final = {"zero": "Zero", "chosen": "Sliders", "pinned": "Pinned image"}
_SLIDER_LIMIT: Final = 4.0


def others_choice(scene: PageContext) -> None:
    """Choose what the other dimensions hold; a code of one or two dimensions has no others."""
    if scene.latent_dim <= 2:
        return
    kind = option_choice(
        OTHERS,
        "Other dimensions",
        _WORDS,
        "Zero, the middle of the prior; a value for each; or the code of the pinned image at each epoch.",
    )
    if kind == "chosen":
        with st.popover("Values", icon=":material/tune:", help="What each of the other dimensions holds."):
            for dimension in _other_dimensions(scene):
                _slider(scene, dimension)
    elif kind == "pinned" and value_of(PIN) is None:
        st.caption("No image is pinned: give its index here, or click one in the latent space.")


def base_code(scene: PageContext, epoch: int) -> Floats:
    """The code that the whole plane shares, but for its own two dimensions.

    Returns:
        float32 (latent_dim,).

    Raises:
        RunError: The code of the pinned image was wanted, and the epoch's snapshot is missing or damaged.
    """
    pin = code_pin()
    if pin is not None:
        code: Floats = networks.code_of_image(scene.key, epoch, pin).z_mean[0]
        return code
    return np.array(chosen_code(scene) or np.zeros(scene.latent_dim), np.float32)


def chosen_code(scene: PageContext) -> tuple[float, ...]:
    """The code that the person set for the whole plane; empty if none was."""
    return _chosen_code(scene) if value_of(OTHERS) == "chosen" else ()


def code_pin() -> int | None:
    """The test image whose code the whole plane shares, if one's does."""
    pin: int | None = value_of(PIN)
    return pin if value_of(OTHERS) == "pinned" else None


def others_identity() -> tuple[object, ...]:
    """What ``base_code`` depends on but the epoch."""
    kind = value_of(OTHERS)
    return kind, value_of(CODE) if kind == "chosen" else None, value_of(PIN) if kind == "pinned" else None


def _other_dimensions(scene: PageContext) -> list[int]:
    plane = (value_of(X_DIMENSION) - 1, value_of(Y_DIMENSION) - 1)
    return [dimension for dimension in range(scene.latent_dim) if dimension not in plane]


def _chosen_code(scene: PageContext) -> tuple[float, ...]:
    return value_of(CODE) or (0.0,) * scene.latent_dim


def _slider(scene: PageContext, dimension: int) -> None:
    name = f"code_{dimension}"
    shown = float(np.clip(_chosen_code(scene)[dimension], -_SLIDER_LIMIT, _SLIDER_LIMIT))
    st.slider(
        f"z{dimension + 1}",
        -_SLIDER_LIMIT,
        _SLIDER_LIMIT,
        shown,
        step=0.1,
        key=session_state.key_of_choice(name, shown),
        on_change=_put(scene, dimension, name),
        help="In standard deviations of the prior.",
    )


def _put(scene: PageContext, dimension: int, name: str) -> Callable[[], None]:
    def put() -> None:
        code = list(_chosen_code(scene))
        code[dimension] = session_state.chosen_value(name)
        set_value(CODE, tuple(code))
        session_state.forget_problems()

    return put


_KEY: Final = "manifold_film"
_ALL_KEY: Final = "label_manifolds_film"
_FILM: Final = "The manifold above, with label and epoch in the caption; 100 ms a frame."
_FILMS: Final = "The manifolds above, a film for each label, with label and epoch in the caption; 100 ms a frame."
_BYTES_OF_ALL: Final = 700_000


def manifold_view(scene: PageContext, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and the film."""
    with row:
        label = label_choice(scene.data.class_names, with_all=True)
        _plane_settings(scene)
        others_choice(scene)
        pin_choice(scene.data)
    if label is None:
        _all_labels(scene)
    else:
        _one_label(scene, label)
    film_export(scene, _films(scene, label), _FILM if label is not None else _FILMS)


def _films(scene: PageContext, label: int | None) -> list[PictureSettings]:
    """What is shown, as films: one for each label."""
    labels = range(len(scene.data.class_names)) if label is None else [label]
    size = _size(scene, label)
    plane = Plane(_dimensions(scene), quantiles=_quantiles(), size=size, others=chosen_code(scene), pinned=code_pin())
    return [PictureSettings("manifold", of, plane=plane) for of in labels]


def _size(scene: PageContext, label: int | None) -> int:
    """Tiles along each side of each grid."""
    return value_of(GRID_SIZE) if label is not None else min(value_of(GRID_SIZE), _size_of_all(scene))


def _plane_settings(scene: PageContext) -> None:
    if scene.latent_dim > 2:
        dimension_choice(X_DIMENSION, "Across", scene.latent_dim, Y_DIMENSION)
        dimension_choice(Y_DIMENSION, "Down", scene.latent_dim, X_DIMENSION)
    slider_choice(
        QUANTILES,
        "Quantiles",
        0.001,
        "The picture runs from the first to the second quantile of the prior, in equal steps of probability.",
    )
    slider_choice(
        GRID_SIZE,
        "Grid",
        1,
        f"Tiles along each side. With all labels side by side there are at most {_size_of_all(scene)}.",
    )


def _size_of_all(scene: PageContext) -> int:
    """Tiles along each side of each grid where all labels are shown, so that an epoch stays light enough to scrub."""
    pixels = int(np.prod(scene.data.shape.image_shape))
    return max(2, min(LARGEST_GRID, int((_BYTES_OF_ALL / (pixels * len(scene.data.class_names))) ** 0.5)))


def _dimensions(scene: PageContext) -> tuple[int, int]:
    return (value_of(X_DIMENSION) - 1, value_of(Y_DIMENSION) - 1) if scene.latent_dim > 1 else (0, 1)


def _quantiles() -> tuple[float, float]:
    low, high = value_of(QUANTILES)
    return low, high


def _one_label(scene: PageContext, label: int) -> None:
    size, quantiles, dimensions = value_of(GRID_SIZE), _quantiles(), _dimensions(scene)
    take_over_place(_KEY)
    line = timeline(scene, _KEY, label, size, quantiles, dimensions, *others_identity())

    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        base = base_code(scene, epoch)
        what = ("manifold", label, size, quantiles, dimensions, base.tobytes())

        def draw(network: FoldedNetwork) -> Bytes:
            return manifold(network, label, size=size, dimensions=dimensions, quantiles=quantiles, others=base).tiles

        return {"manifold": networks.picture(scene.key, epoch, what, draw)}

    manifold_film(
        _KEY,
        line,
        [_picture(scene, label)],
        frame_of,
        _plane(scene, label, line.epoch),
        lambda epoch: _network(scene, epoch),
        value_of(PLACE) or None,
        _pinned(scene, line),
    )


def _pinned(scene: PageContext, line: Timeline) -> PinnedCodes | None:
    wanted = wanted_epochs(line, FilmState.parse(st.session_state.get(_KEY)).ask)
    return pinned_codes(scene, line, wanted, is_base=value_of(OTHERS) == "pinned")


def _plane(scene: PageContext, label: int, epoch: int) -> LensPlane:
    x, y = _dimensions(scene)
    return LensPlane(
        dimensions=(x, y if scene.latent_dim > 1 else None),
        quantiles=_quantiles(),
        base=tuple(map(float, base_code(scene, epoch))),
        class_names=scene.data.class_names,
        image_shape=scene.data.shape.image_shape,
        selected_label=label,
    )


def _all_labels(scene: PageContext) -> None:
    size, quantiles, dimensions = _size(scene, None), _quantiles(), _dimensions(scene)
    line = timeline(scene, _ALL_KEY, size, quantiles, dimensions, *others_identity())

    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        base = base_code(scene, epoch)
        what = ("all manifolds", size, quantiles, dimensions, base.tobytes())

        def draw(network: FoldedNetwork) -> Bytes:
            return label_manifolds(network, size=size, dimensions=dimensions, quantiles=quantiles, others=base).tiles

        found = networks.picture(scene.key, epoch, what, draw)
        return {f"label{label}": tiles for label, tiles in enumerate(found)}

    pictures = [_picture(scene, label) for label in range(len(scene.data.class_names))]
    tile_film(_ALL_KEY, line, pictures, frame_of, min_width=200)
    st.caption("The same codes under every label: what stays is style, what changes is the digit.")


def _network(scene: PageContext, epoch: int) -> FoldedNetwork:
    return networks.network(scene.key, epoch)


def _picture(scene: PageContext, label: int) -> TilePicture:
    name = scene.data.class_names[label]
    return TilePicture(
        name="manifold" if value_of(LABEL) is not None else f"label{label}",
        title=f"Manifold of {name}" if value_of(LABEL) is not None else name,
        description=f"Manifold of {name}: tiles decoded from a grid of codes over {_axes_words(scene)}.",
        caption=f"{_axes_words(scene)}." if value_of(LABEL) is not None else "",
        file_name=f"manifold_{name}.png",
    )


def _axes_words(scene: PageContext) -> str:
    (low, high), (x, y) = _quantiles(), _dimensions(scene)
    ends = NormalDist().inv_cdf(low), NormalDist().inv_cdf(high)
    span = f"from {ends[0]:.2f} to {ends[1]:.2f}".replace("-", "−")
    if scene.latent_dim == 1:
        return f"z1 to the right {span}"
    return f"z{x + 1} to the right and z{y + 1} downwards, each {span}"
