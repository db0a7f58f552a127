"""One style, number by number; and the way from one style to another."""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard import trained_models
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
        "source, and go from one style to the other."
    )
    chosen = _chosen_sources(scene, sources)
    split = sources.split
    network = trained_models.network(scene.key, epoch)
    codes, _ = network.encode(split.images[chosen], split.labels[chosen])
    labels = [int(label) for label in split.labels[chosen]]
    names = [_name(scene, sources, index) for index in chosen]
    code_studio("code_studio", network, codes, labels, names, scene.data.class_names)


def _chosen_sources(scene: Scene, sources: Sources) -> list[int]:
    count = len(sources.split)
    if count == 1:
        return [0]
    with st.container(horizontal=True):
        first = st.selectbox(
            "Source",
            range(count),
            format_func=lambda index: _name(scene, sources, index),
            key="studio_first",
            width=160,
            help="Whose code is moved.",
        )
        second = st.selectbox(
            "Blend with",
            [_NONE, *range(count)],
            format_func=lambda index: "Nothing" if index < 0 else _name(scene, sources, index),
            key="studio_second",
            width=160,
            help="Go from the first source to this one, for every label.",
        )
    return [first] if second in (_NONE, first) else [first, second]


def _name(scene: Scene, sources: Sources, index: int) -> str:
    return f"{scene.data.class_names[sources.split.labels[index]]}, column {index + 1}"
