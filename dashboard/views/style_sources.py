"""Whose style is transferred: the tutorial's ten sevens, the first digits of any label, or the pinned image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import streamlit as st

from cvae_core.records import Split
from dashboard import services
from dashboard.address.parameters import PIN, SOURCE, SOURCE_COUNT, SOURCE_LABEL
from dashboard.address.view import set_value, value_of
from dashboard.views.choices import option_choice, slider_choice, whole_number_choice
from dashboard.views.pin_view import pin_choice
from dashboard.views.time_machine import Scene

TUTORIAL_LABEL: Final = 7
TUTORIAL_COUNT: Final = 10
_WORDS: Final = {"sevens": "Ten sevens", "label": "A label", "pinned": "Pinned image"}
_MOST_SOURCES: Final = 20


@dataclass(frozen=True)
class Sources:
    """Images whose style is transferred.

    Attributes:
        split: The images, and the labels to encode them with.
        words: What they are, to end a title with.
        identity: What determines them.
    """

    split: Split
    words: str
    identity: tuple[object, ...]


def sources_choice(scene: Scene) -> None:
    """Draw the widgets."""
    kind = option_choice(
        SOURCE,
        "Sources",
        _WORDS,
        "The first ten sevens of the training set, as in the tutorial; the first training images of any label; or the "
        "pinned test image.",
    )
    if kind == "label":
        last = len(scene.data.class_names) - 1
        set_value(SOURCE_LABEL, min(value_of(SOURCE_LABEL), last))
        whole_number_choice(SOURCE_LABEL, "Of label", 0, last, "The label whose first training images are taken.")
        slider_choice(SOURCE_COUNT, "How many", 1, _MOST_SOURCES, 1, "How many of them.")
    elif kind == "pinned":
        pin_choice(scene.data)


def chosen_sources(scene: Scene) -> Sources | None:
    """The sources; None, and a word on what to do, where there are none.

    Raises:
        DataError: The data set is not on this machine.
    """
    kind = value_of(SOURCE)
    if kind == "pinned":
        return _pinned(scene)
    label, count = value_of(SOURCE_LABEL), value_of(SOURCE_COUNT)
    if kind == "sevens":
        label, count = min(TUTORIAL_LABEL, len(scene.data.class_names) - 1), TUTORIAL_COUNT
    split = services.first_training_images(scene.config.data, label, count)
    if not len(split):
        st.info(f"The training set has no image of {scene.data.class_names[label]}. Choose another label.")
        return None
    words = f"the first {len(split)} training images of {scene.data.class_names[label]}"
    return Sources(split, words, (kind, label, count))


def _pinned(scene: Scene) -> Sources | None:
    index = value_of(PIN)
    if index is None:
        st.info("No image is pinned. Give the index of a test image above, or click a point in the latent space.")
        return None
    one = slice(index, index + 1)
    split = Split(scene.data.test.images[one], scene.data.test.labels[one])
    return Sources(split, f"test image {index:,}", ("pinned", index))
