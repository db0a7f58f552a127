"""A digit of the person's own, drawn on the page or uploaded, as the source of a style."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import streamlit as st

from cvae_core.analysis.style import OwnImage, Source
from cvae_core.data.preprocessing import mnist_form, read_picture
from cvae_core.evaluation.classification import classify
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.records import Bytes
from cvae_core.workers.quotas import PICTURE_MB, check_upload, largest_upload_mb
from dashboard.components.drawing_pad import style_pad
from dashboard.components.tiles import ImageTiles, image_grid
from dashboard.shared import actions
from dashboard.shared.snapshot_page import PageContext
from dashboard.url_state.parameters import INVERT
from dashboard.url_state.session import value_of

_PAD_KEY: Final = "style_pad"
_TYPES: Final = ("png", "jpg", "jpeg", "webp", "bmp", "gif")
_ENLARGED: Final = 112
_UNDECIDED: Final = -1
_ODDS: Final = "Where each label is equally likely beforehand."


@dataclass(frozen=True)
class Sources:
    """Images whose style is transferred.

    Attributes:
        shown: The images.
        words: What they are, to end a title with.
    """

    shown: tuple[Source, ...]
    words: str


def drawn_source(scene: PageContext, network: FoldedNetwork, epoch: int) -> Sources | None:
    """Draw the pad; the drawing, as soon as there is one.

    Args:
        scene: The run.
        network: Reads the drawing.
        epoch: The network's.

    Raises:
        ConfigError: The network has no posterior.
    """
    inverted = value_of(INVERT) == "yes"
    state = style_pad(_PAD_KEY, network, scene.data.class_names, None, invert=inverted, epoch=epoch)
    if state.image is None:
        st.info("Draw a digit above. Its versions follow the pen; below, they follow the epochs as well.")
        return None
    label = state.label if scene.config.model.conditional else 0
    return _own(scene, network, epoch, state.image, label, "your drawing")


def uploaded_source(scene: PageContext, network: FoldedNetwork, epoch: int) -> Sources | None:
    """Ask for a picture; what the model is given of it, as soon as there is one.

    Args:
        scene: The run.
        network: Tells what it shows, where the person does not.
        epoch: The network's.

    Raises:
        DataError: The file is no picture, or there is no digit in it.
    """
    upload = st.file_uploader(
        "Picture of a digit",
        list(_TYPES),
        help="One digit, dark on light or light on dark. It stays on this machine and is not kept.",
        width=420,
        max_upload_size=largest_upload_mb(actions.limits(), PICTURE_MB),
    )
    if upload is None:
        st.info("Choose a picture of one digit. It is cropped, fitted and centred as the digits of MNIST are.")
        return None
    check_upload(actions.limits(), PICTURE_MB, upload.size)
    picture = read_picture(upload)
    image = np.rint(255 * mnist_form(picture.pixels, scene.data.shape, picture.least_noise)).astype(np.uint8)
    for note in picture.notes:
        st.caption(note)
    with st.container(horizontal=True, vertical_alignment="top", gap="medium"):
        with st.container(width=_ENLARGED + 4):
            image_grid(_given(image), "given_of_upload")
        label = _label_choice(scene) if scene.config.model.conditional else 0
        if scene.config.model.conditional:
            _ranking(scene, network, epoch, image)
    return _own(scene, network, epoch, image, label, "your picture")


def _given(image: Bytes) -> ImageTiles:
    return ImageTiles(
        image[None, None],
        "The uploaded digit in the form of the data.",
        caption="What the model is given",
        file_name="given.png",
        max_tile=_ENLARGED,
    )


def _label_choice(scene: PageContext) -> int | None:
    label = st.selectbox(
        "Its label",
        [_UNDECIDED, *range(len(scene.data.class_names))],
        format_func=lambda of: "Let the model decide" if of < 0 else scene.data.class_names[of],
        width=220,
        help="What it is encoded with. The model decides by the ELBO of each label.",
    )
    return None if label == _UNDECIDED else int(label)


def _ranking(scene: PageContext, network: FoldedNetwork, epoch: int, image: Bytes) -> None:
    """The labels, ranked by ELBO."""
    found = classify(network, image[None])
    order = found.ranking[0]
    table = pd.DataFrame(
        {
            "Label": [scene.data.class_names[label] for label in order],
            "Odds": 100 * found.odds[0, order],
            "ELBO": found.elbo[0, order],
        }
    )
    columns = {
        "Odds": st.column_config.ProgressColumn(format="%.1f %%", min_value=0, max_value=100, help=_ODDS),
        "ELBO": st.column_config.NumberColumn(format="%.1f nats", help=f"At epoch {epoch:,}. More is better."),
    }
    st.dataframe(table, column_config=columns, hide_index=True, width=360, height="content")


def _own(
    scene: PageContext, network: FoldedNetwork, epoch: int, image: Bytes, label: int | None, words: str
) -> Sources:
    """A single source; where nobody says its label, the one that explains it best at the shown epoch."""
    if label is None:
        found = classify(network, image[None])
        label = int(found.ranking[0, 0])
        odds = float(found.odds[0, label])
        st.caption(f"Taken for {scene.data.class_names[label]}, {odds:.0%} probable by the ELBO at epoch {epoch:,}.")
    return Sources((OwnImage.of(image, label),), words)
