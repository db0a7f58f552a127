"""Digits that the decoder makes up, and real ones beside what it makes of them, at every epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.reconstruction import reconstruct, worst
from cvae_core.analysis.samples import samples
from cvae_core.config.run import SEED_LIMIT
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.records import Bytes, Labels
from dashboard.cache import networks
from dashboard.components.tile_player import TilePicture, tile_film
from dashboard.shared import session_state
from dashboard.shared.epoch_player import shown_epoch, timeline
from dashboard.shared.pinned_image import pin_choice
from dashboard.shared.snapshot_page import PageContext
from dashboard.shared.url_widgets import (
    label_choice,
    option_choice,
    slider_choice,
    whole_number_choice,
)
from dashboard.url_state.parameters import COLUMNS, COUNT, ORDER, PIN, RANKED, RECONSTRUCTIONS_LIMIT, SEED, TEMPERATURE
from dashboard.url_state.session import set_value, value_of

_KEY: Final = "samples_film"
_ROW_LENGTH: Final = 10
_MOST_COLUMNS: Final = 30
_ORDERS: Final = {"first": "First", "worst": "Worst"}


def samples_view(scene: PageContext, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and both pictures under one slider."""
    with row:
        _sample_settings()
        label = label_choice(scene.data.class_names, with_all=True)
        _reconstruction_settings(scene)
        pin_choice(scene.data)
    what = (*_sample_values(), label, value_of(ORDER), value_of(RANKED), value_of(COUNT), value_of(PIN))
    line = timeline(scene, _KEY, *what)

    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        return {
            "samples": _samples(scene, epoch),
            "real": _reconstructed(scene, epoch, _chosen_images(scene, label, epoch)),
        }

    tile_film(_KEY, line, [_samples_picture(scene), _real_picture(scene, label)], frame_of, min_width=480)


def _samples(scene: PageContext, epoch: int) -> Bytes:
    columns, seed, temperature = _sample_values()

    def draw(network: FoldedNetwork) -> Bytes:
        return samples(network, columns=columns, seed=seed, temperature=temperature).tiles

    return networks.picture(scene.key, epoch, ("samples", columns, seed, temperature), draw)


def _reconstructed(scene: PageContext, epoch: int, chosen: Labels) -> Bytes:
    def draw(network: FoldedNetwork) -> Bytes:
        decoded = reconstruct(network, scene.data.test, chosen)
        return _in_pairs(decoded.originals, decoded.reconstructions)

    return networks.picture(scene.key, epoch, ("reconstructed", chosen.tobytes()), draw)


def _sample_settings() -> None:
    whole_number_choice(SEED, "Seed", 0, SEED_LIMIT, "The same seed draws the same codes.")
    slider_choice(COLUMNS, "Samples", 1, _MOST_COLUMNS, 1, "How many codes are drawn; each is decoded as every label.")
    slider_choice(
        TEMPERATURE,
        "Temperature",
        0.0,
        3.0,
        0.1,
        "Standard deviation of the codes: 1 is the prior, less gives more typical digits, more gives stranger ones.",
    )


def _reconstruction_settings(scene: PageContext) -> None:
    words = "The first test images, or those that the network of the epoch shown reconstructs worst."
    if option_choice(ORDER, "Order", _ORDERS, words) == "worst":
        st.toggle(
            "Keep order",
            value_of(RANKED) is not None,
            key=session_state.key_of_choice(RANKED.name, value_of(RANKED) is not None),
            on_change=_keep_order,
            args=(shown_epoch(scene, _KEY),),
            help="Show the images that are worst now at every other epoch, too.",
        )
    slider_choice(COUNT, "Reconstructions", 1, RECONSTRUCTIONS_LIMIT, 1, "How many test images are reconstructed.")


def _keep_order(epoch: int) -> None:
    set_value(RANKED, epoch if session_state.chosen_value(RANKED.name) else None)
    session_state.forget_problems()


def _sample_values() -> tuple[int, int, float]:
    return value_of(COLUMNS), value_of(SEED), value_of(TEMPERATURE)


def _chosen_images(scene: PageContext, label: int | None, epoch: int) -> Labels:
    """Indices of the test images to reconstruct at an epoch, the pinned one first."""
    found, count, pin = _candidates(scene, label), value_of(COUNT), value_of(PIN)
    if value_of(ORDER) == "worst":
        ranked = _kept_epoch(scene)
        losses = networks.losses(scene.key, epoch if ranked is None else ranked, label)
        found = found[worst(losses, scene.data.test.labels[found], count=count)]
    return found[:count] if pin is None else np.concatenate([[pin], found[found != pin]])[:count]


def _kept_epoch(scene: PageContext) -> int | None:
    """The epoch whose losses rank the images at every epoch; None if each epoch's own do."""
    ranked: int | None = value_of(RANKED)
    return ranked if ranked in scene.epochs else None


def _candidates(scene: PageContext, label: int | None) -> Labels:
    """Indices of the test images that may be shown."""
    split = networks.shown_split(scene.key) if value_of(ORDER) == "worst" else scene.data.test
    found: Labels = np.arange(len(split)) if label is None else np.flatnonzero(split.labels == label)
    return found


def _in_pairs(originals: Bytes, reconstructions: Bytes) -> Bytes:
    """Rows of originals, and under each row what became of them; what is left of the last row is empty."""
    length = max(1, min(_ROW_LENGTH, len(originals)))
    rows = max(1, -(-len(originals) // length))
    tiles = np.zeros((rows, 2, length, *originals.shape[1:]), np.uint8)
    for part, images in enumerate((originals, reconstructions)):
        padded = np.zeros((rows * length, *images.shape[1:]), np.uint8)
        padded[: len(images)] = images
        tiles[:, part] = padded.reshape(rows, length, *images.shape[1:])
    return tiles.reshape(rows * 2, length, *originals.shape[1:])


def _samples_picture(scene: PageContext) -> TilePicture:
    columns, seed, temperature = _sample_values()
    spread = "" if temperature == 1 else f", temperature {temperature:g}"
    return TilePicture(
        name="samples",
        title="Samples from N(0, I)",
        description=f"{columns} random codes, each decoded as every label.",
        caption=f"A column is one code, a row one label: the style is shared, the digit is not. Seed {seed}{spread}.",
        row_labels=scene.data.class_names,
        file_name="samples.png",
        gap=2,
        max_tile=56,
    )


def _real_picture(scene: PageContext, label: int | None) -> TilePicture:
    candidates, pin = _candidates(scene, label), value_of(PIN)
    count = min(value_of(COUNT), len(candidates if pin is None else np.union1d(candidates, [pin])))
    order = "worst" if value_of(ORDER) == "worst" else "first"
    of = "" if label is None else f" of {scene.data.class_names[label]}"
    rows = max(1, -(-count // _ROW_LENGTH))
    pinned = "" if value_of(PIN) is None else f" Test image {value_of(PIN):,}, which is pinned, stands first."
    ranked = _kept_epoch(scene)
    ranked_at = "the epoch shown" if ranked is None else f"epoch {ranked:,}"
    worst = f" Ranked by their loss at {ranked_at}, the worst first." if order == "worst" else ""
    return TilePicture(
        name="real",
        title=f"The {order} {count} test images{of}, reconstructed",
        description=f"{count} test images above their reconstructions.",
        caption=f"Above the test image, below what the decoder makes of its code.{worst}{pinned}",
        row_labels=("Original", "Decoded") * rows,
        file_name="reconstructions.png",
        gap=2,
        max_tile=56,
    )
