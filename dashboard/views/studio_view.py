"""One style, number by number; and the way from one style to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import streamlit as st

from cvae_core.records import Split
from dashboard import services, trained_models
from dashboard.address.parameters import INVERT
from dashboard.address.view import value_of
from dashboard.components.code_studio import code_studio
from dashboard.views.drawn_source import Sources
from dashboard.views.time_machine import Scene

_NONE: Final = -1


def studio_view(scene: Scene, sources: Sources, epoch: int) -> None:
    """Let the person move the code of a source, or go from one source to another.

    Args:
        scene: The run.
        sources: Whose codes.
        epoch: Whose network encodes and decodes.

    Raises:
        RunError: The epoch's snapshot is missing or damaged.
        ConfigError: The network has no posterior.
    """
    opened = st.toggle(
        "One style, number by number",
        key="studio_opened",
        help="Move each number of a code and see what it does to every digit, or go from one style to another.",
    )
    if not opened:
        return
    st.caption(
        "Move a number of the code and see what it does to every digit: slant, weight, width, ... Or choose a second "
        f"source, and go from one style to the other. Encoded and decoded by the network of epoch {epoch:,}."
    )
    split, names = _candidates(scene, sources)
    chosen = _chosen_sources(len(sources.split), names)
    network = trained_models.network(scene.key, epoch)
    codes, _ = network.encode(split.images[chosen], split.labels[chosen])
    labels = [int(label) for label in split.labels[chosen]]
    shown = [names[index] for index in chosen]
    inverted = value_of(INVERT) == "yes"
    class_names = scene.data.class_names
    code_studio("code_studio", network, codes, labels, shown, class_names, invert=inverted, epoch=epoch)


def _candidates(scene: Scene, sources: Sources) -> tuple[Split, list[str]]:
    """The sources and what they are called; to a single one come those that it can be blended with."""
    names = scene.data.class_names
    own = [f"{names[label]}, column {index + 1}" for index, label in enumerate(sources.split.labels)]
    if len(own) > 1:
        return sources.split, own
    others = [services.first_training_images(scene.config.data, label, 1) for label in range(len(names))]
    parts = [sources.split, *others]
    split = Split(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))
    return split, own + [f"{names[label]} of the training set" for label in split.labels[1:]]


def _chosen_sources(count: int, names: Sequence[str]) -> list[int]:
    """One of the sources, and what it is blended with if anything is."""
    with st.container(horizontal=True):
        first = 0
        if count > 1:
            first = st.selectbox(
                "Source",
                range(count),
                format_func=names.__getitem__,
                width=160,
                help="Whose code is moved.",
            )
        second = st.selectbox(
            "Blend with",
            [_NONE, *range(len(names))],
            format_func=lambda index: "Nothing" if index < 0 else names[index],
            width=220,
            help="Go from the first source to this one, for every label.",
        )
    return [first] if second in (_NONE, first) else [first, second]
