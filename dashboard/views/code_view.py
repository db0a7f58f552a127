"""What the latent dimensions hold that are not those of the manifold's plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import streamlit as st

from cvae_core.records import Floats
from dashboard import state, trained_models
from dashboard.address.parameters import CODE, OTHERS, PIN, X_DIMENSION, Y_DIMENSION
from dashboard.address.view import set_value, value_of
from dashboard.views.choices import option_choice
from dashboard.views.time_machine import Scene

_WORDS: Final = {"zero": "Zero", "chosen": "Sliders", "pinned": "Pinned image"}
_SLIDER_LIMIT: Final = 4.0


def others_choice(scene: Scene) -> None:
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


def base_code(scene: Scene, epoch: int) -> Floats:
    """The code that the whole plane shares, but for its own two dimensions.

    Returns:
        float32 (latent_dim,).

    Raises:
        RunError: The code of the pinned image was wanted, and the epoch's snapshot is missing or damaged.
    """
    pin = code_pin()
    if pin is not None:
        code: Floats = trained_models.code_of_image(scene.key, epoch, pin).z_mean[0]
        return code
    return np.array(chosen_code(scene) or np.zeros(scene.latent_dim), np.float32)


def chosen_code(scene: Scene) -> tuple[float, ...]:
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


def _other_dimensions(scene: Scene) -> list[int]:
    plane = (value_of(X_DIMENSION) - 1, value_of(Y_DIMENSION) - 1)
    return [dimension for dimension in range(scene.latent_dim) if dimension not in plane]


def _chosen_code(scene: Scene) -> tuple[float, ...]:
    return value_of(CODE) or (0.0,) * scene.latent_dim


def _slider(scene: Scene, dimension: int) -> None:
    name = f"code_{dimension}"
    shown = float(np.clip(_chosen_code(scene)[dimension], -_SLIDER_LIMIT, _SLIDER_LIMIT))
    st.slider(
        f"z{dimension + 1}",
        -_SLIDER_LIMIT,
        _SLIDER_LIMIT,
        shown,
        step=0.1,
        key=state.key_of_choice(name, shown),
        on_change=_put(scene, dimension, name),
        help="In standard deviations of the prior.",
    )


def _put(scene: Scene, dimension: int, name: str) -> Callable[[], None]:
    def put() -> None:
        code = list(_chosen_code(scene))
        code[dimension] = state.chosen_value(name)
        set_value(CODE, tuple(code))
        state.forget_problems()

    return put
