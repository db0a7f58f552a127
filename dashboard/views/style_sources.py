"""Whose style is transferred: training images, test images, a drawing or an uploaded picture."""

from __future__ import annotations

from typing import Final

import numpy as np
import streamlit as st

from cvae_core.records import Split
from cvae_core.rendering.spec import PickedImage
from cvae_core.rendering.spec import Sources as FirstImages
from dashboard import services, trained_models
from dashboard.address.parameters import PICKED, PIN, SOURCE, SOURCE_COUNT, SOURCE_LABEL, SOURCES_LIMIT
from dashboard.address.view import set_value, value_of
from dashboard.components.image_picker import image_picker
from dashboard.views.choices import option_choice, slider_choice, whole_number_choice
from dashboard.views.drawn_source import Sources, drawn_source, uploaded_source
from dashboard.views.pin_view import pin_choice
from dashboard.views.time_machine import Scene

TUTORIAL_LABEL: Final = 7
TUTORIAL_COUNT: Final = 10
_WORDS: Final = {
    "sevens": "Ten sevens",
    "label": "A label",
    "picked": "Gallery",
    "pinned": "Pinned image",
    "drawn": "Draw",
    "uploaded": "Upload",
}
_GALLERY: Final = 200
_GALLERY_KEY: Final = "style_gallery"
_SEEN: Final = "seen_picks"


def sources_choice(scene: Scene) -> None:
    """Draw the widgets."""
    kind = option_choice(
        SOURCE,
        "Sources",
        _WORDS,
        "The first ten sevens of the training set, as in the tutorial; the first training images of any label; test "
        "images that you pick; the pinned one; what you draw; or a picture of yours.",
    )
    if kind == "label":
        last = len(scene.data.class_names) - 1
        whole_number_choice(SOURCE_LABEL, "Of label", 0, last, "The label whose first training images are taken.")
        slider_choice(SOURCE_COUNT, "How many", 1, SOURCES_LIMIT, 1, "How many of them.")
    elif kind == "pinned":
        pin_choice(scene.data)


def chosen_sources(scene: Scene, epoch: int) -> Sources | None:
    """The sources; None, and a word on what to do, where there are none.

    Args:
        scene: The run.
        epoch: Whose network looks at a digit that has no label yet.

    Raises:
        DataError: The data set is not on this machine, or an uploaded picture holds no digit.
        RunError: The snapshot of the epoch is missing or damaged.
    """
    kind = value_of(SOURCE)
    if kind in ("drawn", "uploaded"):
        network = trained_models.network(scene.key, epoch)
        return (drawn_source if kind == "drawn" else uploaded_source)(scene, network, epoch)
    if kind in ("pinned", "picked"):
        return _pinned(scene) if kind == "pinned" else _picked(scene)
    label, count = value_of(SOURCE_LABEL), value_of(SOURCE_COUNT)
    if kind == "sevens":
        label, count = min(TUTORIAL_LABEL, len(scene.data.class_names) - 1), TUTORIAL_COUNT
    split = services.first_training_images(scene.config.data, label, count)
    if not len(split):
        st.info(f"The training set has no image of {scene.data.class_names[label]}. Choose another label.")
        return None
    words = f"the first {len(split)} training images of {scene.data.class_names[label]}"
    return Sources(split, words, (kind, label, count), (FirstImages(label, len(split)),))


def _picked(scene: Scene) -> Sources | None:
    """Test images picked from a gallery."""
    shown = scene.data.test.first(_GALLERY)
    kept: tuple[float, ...] = value_of(PICKED)
    before = tuple(map(int, kept))
    reported = image_picker(
        _GALLERY_KEY,
        shown.images,
        np.arange(len(shown)),
        shown.labels,
        before,
        scene.data.class_names,
        SOURCES_LIMIT,
    )
    if reported is not None and reported != st.session_state.get(_SEEN):
        set_value(PICKED, tuple(map(float, reported)))
        before = reported
    st.session_state[_SEEN] = reported
    if not before:
        st.info("Pick up to twenty digits above; their styles are transferred in the order in which you pick them.")
        return None
    chosen = list(before)
    split = Split(scene.data.test.images[chosen], scene.data.test.labels[chosen])
    return Sources(split, f"{len(chosen)} picked test images", ("picked", *chosen), tuple(map(PickedImage, chosen)))


def _pinned(scene: Scene) -> Sources | None:
    index = value_of(PIN)
    if index is None:
        st.info("No image is pinned. Give the index of a test image above, or click a point in the latent space.")
        return None
    one = slice(index, index + 1)
    split = Split(scene.data.test.images[one], scene.data.test.labels[one])
    return Sources(split, f"test image {index:,}", ("pinned", index), (PickedImage(index),))
