"""Digits decoded from random codes, and real ones beside their reconstructions, at every epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.generation import SamplesView
from cvae_core.analysis.reconstruction import ReconstructionsView
from cvae_core.records import Bytes
from dashboard.cache import networks
from dashboard.components.tiles import TilePicture, tile_player
from dashboard.shared import session_state
from dashboard.shared.pinned_image import pin_choice
from dashboard.shared.snapshot_page import PageContext, shown_epoch, timeline
from dashboard.shared.url_widgets import label_choice, option_choice, slider_choice, whole_number_choice
from dashboard.url_state.parameters import COLUMNS, COUNT, ORDER, RANKED, SEED, TEMPERATURE
from dashboard.url_state.session import set_value, shown_view, value_of

_KEY: Final = "samples_player"
_ROW_LENGTH: Final = 10
_MOST_COLUMNS: Final = 30
_ORDERS: Final = {"first": "First", "worst": "Worst"}


def samples_view(context: PageContext, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and both pictures under one slider."""
    with row:
        _sample_settings()
        label = label_choice(context.data.class_names, with_all=True)
        _reconstruction_settings(context)
        pin_choice(context.data)
    made_up = shown_view(SamplesView)
    ranked = value_of(RANKED) if value_of(RANKED) in context.epochs else None
    real = shown_view(ReconstructionsView, label=label, ranked=ranked)

    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        return {
            "samples": networks.record(context.key, epoch, made_up).tiles,
            "real": networks.record(context.key, epoch, real).in_rows(_ROW_LENGTH),
        }

    pictures = [_samples_picture(context, made_up), _real_picture(context, real)]
    tile_player(_KEY, timeline(context, _KEY, made_up, real), pictures, frame_of, min_width=480)


def _sample_settings() -> None:
    whole_number_choice(SEED, "Seed", "The same seed draws the same codes.")
    slider_choice(COLUMNS, "Samples", 1, "Number of random codes; each is decoded as every label.", most=_MOST_COLUMNS)
    slider_choice(
        TEMPERATURE,
        "Temperature",
        0.1,
        "Standard deviation of the codes. 1: the prior. Below 1: more typical digits. Above 1: more unusual ones.",
    )


def _reconstruction_settings(context: PageContext) -> None:
    words = "The first test images, or those with the highest loss at the shown epoch."
    if option_choice(ORDER, "Order", _ORDERS, words) == "worst":
        st.toggle(
            "Keep images",
            value_of(RANKED) is not None,
            key=session_state.key_of_choice(RANKED.name, value_of(RANKED) is not None),
            on_change=_keep_order,
            args=(shown_epoch(context, _KEY),),
            help="Keep these images at all epochs.",
        )
    slider_choice(COUNT, "Reconstructions", 1, "Number of test images.")


def _keep_order(epoch: int) -> None:
    set_value(RANKED, epoch if session_state.chosen_value(RANKED.name) else None)
    session_state.forget_problems()


def _samples_picture(context: PageContext, view: SamplesView) -> TilePicture:
    spread = "" if view.temperature == 1 else f", temperature {view.temperature:g}"
    return TilePicture(
        name="samples",
        title="Samples from N(0, I)",
        description=f"{view.columns} random codes, each decoded as every label.",
        caption=f"A column is one code, a row one label: same style, different digit. Seed {view.seed}{spread}.",
        row_labels=context.data.class_names,
        file_name="samples.png",
        gap=2,
        max_tile=56,
    )


def _real_picture(context: PageContext, view: ReconstructionsView) -> TilePicture:
    count = view.number(context.data)
    of = "" if view.label is None else f" of {context.data.class_names[view.label]}"
    pinned = "" if view.pinned is None else f" The pinned test image {view.pinned:,} comes first."
    ranked_at = "the epoch shown" if view.ranked is None else f"epoch {view.ranked:,}"
    worst = f" Sorted by their loss at {ranked_at}, highest first." if view.order == "worst" else ""
    return TilePicture(
        name="real",
        title=f"The {view.order} {count} test images{of}, reconstructed",
        description=f"{count} test images above their reconstructions.",
        caption=f"Test images above, reconstructions below.{worst}{pinned}",
        row_labels=("Original", "Decoded") * max(1, -(-count // _ROW_LENGTH)),
        file_name="reconstructions.png",
        gap=2,
        max_tile=56,
    )
