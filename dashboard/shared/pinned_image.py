"""The pinned test image, which is marked on every page and at all epochs."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import suppress
from typing import Final

import numpy as np
import streamlit as st

from cvae_core.analysis.latent import project, projected_covariances
from cvae_core.analysis.reconstruction import TestImageView
from cvae_core.analysis.records import Projection
from cvae_core.errors import CvaeError
from cvae_core.records import Bytes, Dataset, Floats
from dashboard.cache import networks
from dashboard.components.epoch_player import Timeline
from dashboard.components.latent_player import PinnedPath, PinReport
from dashboard.components.manifold_player import PinnedCodes
from dashboard.shared import session_state
from dashboard.shared.snapshot_page import PageContext
from dashboard.url_state.parameters import PIN
from dashboard.url_state.session import set_value, value_of

_SEEN: Final = "seen_pins"


def take_over_pin(key: str, report: PinReport | None) -> None:
    """Read the image that was pinned on a player, once."""
    seen: dict[str, PinReport | None] = st.session_state.setdefault(_SEEN, {})
    if report is not None and report != seen.get(key):
        set_value(PIN, report.index)
    seen[key] = report


def pin_choice(data: Dataset) -> None:
    """Choose the pinned test image by its index."""
    st.number_input(
        "Pinned image",
        0,
        len(data.test) - 1,
        value_of(PIN),
        step=1,
        key=session_state.key_of_choice(PIN.name, value_of(PIN)),
        on_change=_chosen,
        placeholder="none",
        width=150,
        help="Index of a test image to mark on every page and at all epochs. You can also click a point.",
    )


def pinned_path(
    context: PageContext, line: Timeline, projection: Projection, wanted: Container[int]
) -> PinnedPath | None:
    """The pinned image at the epochs of a player; None if nothing is pinned.

    Args:
        context: The run.
        line: The player's epochs.
        projection: From latent space to its plane.
        wanted: Epochs whose network may be read from disk; others are left out until their network is cached.
    """
    index = value_of(PIN)
    if index is None:
        return None
    means, log_vars = _codes(context, line, wanted, index)
    tiles = _tiles(context, line, wanted, index)
    x, y = project(projection, means).T
    covariance = projected_covariances(projection, log_vars).astype(np.float32)
    label = int(context.data.test.labels[index])
    return PinnedPath(index, label, x, y, covariance, tiles)


def pinned_codes(context: PageContext, line: Timeline, wanted: Container[int], *, is_base: bool) -> PinnedCodes | None:
    """The code of the pinned image at the epochs of a player; None if nothing is pinned.

    Args:
        context: The run.
        line: The player's epochs.
        wanted: As in ``pinned_path``.
        is_base: Whether the other dimensions of the plane hold it.
    """
    index = value_of(PIN)
    if index is None:
        return None
    means, _ = _codes(context, line, wanted, index)
    return PinnedCodes(index, int(context.data.test.labels[index]), means, is_base)


def _codes(context: PageContext, line: Timeline, wanted: Container[int], index: int) -> tuple[Floats, Floats]:
    """Mean and log variance of an image's posterior, float32 (epochs, latent_dim); NaN where not cached."""
    means = np.full((len(line.epochs), context.latent_dim), np.nan, np.float32)
    log_vars = means.copy()
    for place, epoch in _at_hand(context, line, wanted):
        with suppress(CvaeError):  # the player shows why this epoch is missing
            code = networks.record(context.key, epoch, TestImageView(index=index))
            means[place], log_vars[place] = code.z_mean, code.z_log_var
    return means, log_vars


def _tiles(context: PageContext, line: Timeline, wanted: Container[int], index: int) -> Bytes:
    """The image and its reconstruction at each epoch, uint8 (1 + epochs, ...); black where not cached."""
    original = context.data.test.images[index]
    tiles = np.zeros((1 + len(line.epochs), *original.shape), np.uint8)
    tiles[0] = original
    for place, epoch in _at_hand(context, line, wanted):
        with suppress(CvaeError):
            tiles[1 + place] = image_and_reconstruction(context, epoch, index)[1]
    return tiles


def _at_hand(context: PageContext, line: Timeline, wanted: Container[int]) -> Iterator[tuple[int, int]]:
    """Index and epoch of those that are wanted or whose network is cached."""
    for place, epoch in enumerate(line.epochs):
        if epoch in wanted or networks.is_at_hand(context.key, epoch):
            yield place, epoch


def image_and_reconstruction(context: PageContext, epoch: int, index: int) -> Bytes:
    """uint8 (2, height, width, channels): a test image and its reconstruction at an epoch.

    Raises:
        RunError: The snapshot is missing or damaged.
    """
    return networks.record(context.key, epoch, TestImageView(index=index)).images


def _chosen() -> None:
    set_value(PIN, session_state.chosen_value(PIN.name))
    session_state.forget_problems()
