"""A digit that the visitor draws or uploads, as the source of a style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from cvae_core.analysis.network import Network
from cvae_core.analysis.style import OwnImage, Source
from cvae_core.data.preprocessing import mnist_form, read_picture
from cvae_core.evaluation.classification import classify
from cvae_core.records import Bytes
from cvae_core.workers.quotas import PICTURE_MB, check_upload, largest_upload_mb
from dashboard.components.drawing_pad import drawing_pad
from dashboard.components.tiles import ImageTiles, image_grid
from dashboard.shared import actions
from dashboard.shared.snapshot_page import PageContext
from dashboard.url_state.parameters import INVERT
from dashboard.url_state.session import value_of

_PAD_KEY: Final = "drawing_pad"
_TYPES: Final = ("png", "jpg", "jpeg", "webp", "bmp", "gif")
_ENLARGED: Final = 112
_UNDECIDED: Final = -1
_PROBABILITY: Final = "Uniform prior over labels."


@dataclass(frozen=True)
class Sources:
    """Images whose style is transferred.

    Attributes:
        shown: The images.
        words: Ends the title of the picture.
    """

    shown: tuple[Source, ...]
    words: str


def drawn_source(context: PageContext, network: Network, epoch: int) -> Sources | None:
    """Draw the pad; the drawing, as soon as there is one. The network of the epoch classifies it."""
    inverted = value_of(INVERT) == "yes"
    state = drawing_pad(_PAD_KEY, network, context.data.class_names, None, invert=inverted, epoch=epoch)
    if state.image is None:
        st.info("Draw a digit above. All labels follow while you draw. Below, you can also move the epoch.")
        return None
    label = state.label if context.config.model.conditional else 0
    return _own(context, network, epoch, state.image, label, "your drawing")


def uploaded_source(context: PageContext, network: Network, epoch: int) -> Sources | None:
    """Ask for an image file; its digit in the form of the data, as soon as there is one.

    Raises:
        DataError: The file is not an image, or shows no digit.
    """
    upload = st.file_uploader(
        "Image of a digit",
        list(_TYPES),
        help="One digit, dark on light or light on dark. The image is not saved.",
        width=420,
        max_upload_size=largest_upload_mb(actions.limits(), PICTURE_MB),
    )
    if upload is None:
        st.info("Upload an image of one digit. It is cropped, resized and centred like the MNIST digits.")
        return None
    check_upload(actions.limits(), PICTURE_MB, upload.size)
    picture = read_picture(upload)
    image = np.rint(255 * mnist_form(picture.pixels, context.data.shape, picture.least_noise)).astype(np.uint8)
    for note in picture.notes:
        st.caption(note)
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        with st.container(width=_ENLARGED + 4):
            image_grid(_given(image), "given_of_upload")
        label = _label_choice(context) if context.config.model.conditional else 0
        if context.config.model.conditional:
            _ranking(context, network, epoch, image)
    return _own(context, network, epoch, image, label, "your image")


def _given(image: Bytes) -> ImageTiles:
    return ImageTiles(
        image[None, None],
        "The uploaded digit after preprocessing.",
        caption="After preprocessing",
        file_name="given.png",
        max_tile=_ENLARGED,
    )


def _label_choice(context: PageContext) -> int | None:
    label = st.selectbox(
        "Label",
        [_UNDECIDED, *range(len(context.data.class_names))],
        format_func=lambda of: "Highest ELBO" if of < 0 else context.data.class_names[of],
        width=220,
        help="Label for encoding (default: highest ELBO).",
    )
    return None if label == _UNDECIDED else int(label)


def _ranking(context: PageContext, network: Network, epoch: int, image: Bytes) -> None:
    """The labels, ranked by ELBO."""
    found = classify(network, image[None])
    order = found.ranking[0]
    table = pd.DataFrame(
        {
            "Label": [context.data.class_names[label] for label in order],
            "Probability": 100 * found.odds[0, order],
            "ELBO": found.elbo[0, order],
        }
    )
    columns = {
        "Probability": st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, help=_PROBABILITY),
        "ELBO": st.column_config.NumberColumn(format="%.1f nats", help=f"At epoch {epoch:,}. Higher is better."),
    }
    st.dataframe(table, column_config=columns, hide_index=True, width=360, height="content")


def _own(context: PageContext, network: Network, epoch: int, image: Bytes, label: int | None, words: str) -> Sources:
    """A single source; by default its label is the one with the highest ELBO."""
    if label is None:
        found = classify(network, image[None])
        label = int(found.ranking[0, 0])
        odds = float(found.odds[0, label])
        st.caption(f"Classified as {context.data.class_names[label]} ({odds:.0%}) by the ELBO at epoch {epoch:,}.")
    return Sources((OwnImage.of(image, label),), words)
