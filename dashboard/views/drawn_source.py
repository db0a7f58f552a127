"""A digit of the person's own, drawn on the page or uploaded, as the source of a style."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import streamlit as st
from PIL import Image, UnidentifiedImageError

from cvae_core.analysis.recognition import recognise
from cvae_core.data.mnist_form import LONGEST_SIDE, mnist_form
from cvae_core.errors import DataError
from cvae_core.limits import check_upload, largest_upload_mb
from cvae_core.records import Bytes, Split
from dashboard import actions, trained_models
from dashboard.address.parameters import EPOCH
from dashboard.address.view import value_of
from dashboard.components.style_pad import style_pad
from dashboard.views.time_machine import Scene

_PAD_KEY: Final = "style_pad"
_TYPES: Final = ("png", "jpg", "jpeg", "webp", "bmp", "gif")
_MOST_MB: Final = 5
_ENLARGED: Final = 112
_UNDECIDED: Final = -1


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


def drawn_source(scene: Scene) -> Sources | None:
    """Draw the pad; the drawing, as soon as there is one.

    Raises:
        RunError: The snapshot of the shown epoch is missing or damaged.
        ConfigError: The network has no posterior.
    """
    state = style_pad(_PAD_KEY, _network_shown(scene), scene.data.class_names, None)
    if state.image is None:
        st.info("Draw a digit above. Its versions follow the pen; below, they follow the epochs as well.")
        return None
    return _own(scene, state.image, state.label, "your drawing")


def uploaded_source(scene: Scene) -> Sources | None:
    """Ask for a picture; what the model is given of it, as soon as there is one."""
    upload = st.file_uploader(
        "Picture of a digit",
        list(_TYPES),
        help="One digit, dark on light or light on dark. It stays on this machine and is not kept.",
        width=420,
        max_upload_size=largest_upload_mb(actions.limits(), _MOST_MB),
    )
    if upload is None:
        st.info("Choose a picture of one digit. It is cropped, fitted and centred as the digits of MNIST are.")
        return None
    check_upload(actions.limits(), _MOST_MB, upload.size)
    image = np.rint(255 * mnist_form(_pixels(upload), scene.data.shape)).astype(np.uint8)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        large = np.kron(image[..., 0], np.ones((_ENLARGED // image.shape[0],) * 2, np.uint8))
        st.image(large, caption="What the model is given", width=_ENLARGED)
        label = st.selectbox(
            "Its label",
            [_UNDECIDED, *range(len(scene.data.class_names))],
            format_func=lambda of: "Let the model decide" if of < 0 else scene.data.class_names[of],
            width=220,
            help="What it is encoded with. The model decides by the ELBO of each label.",
        )
    return _own(scene, image, None if label == _UNDECIDED else int(label), "your picture")


def _own(scene: Scene, image: Bytes, label: int | None, words: str) -> Sources:
    """A single source; where nobody says its label, the one that explains it best at the shown epoch."""
    if label is None:
        found = recognise(_network_shown(scene), image[None])
        label = int(found.ranking[0, 0])
        odds = float(found.odds[0, label])
        st.caption(f"Taken for {scene.data.class_names[label]}, with a probability of {odds:.0%} by the ELBO.")
    digest = hashlib.sha256(image.tobytes()).hexdigest()[:16]
    return Sources(Split(image[None], np.array([label], np.int64)), words, (digest, label))


def _network_shown(scene: Scene) -> Any:
    epoch = value_of(EPOCH)
    return trained_models.network(scene.key, scene.epochs[-1] if epoch is None else epoch)


def _pixels(upload: Any) -> npt.NDArray[np.uint8]:
    """The pixels of an uploaded picture.

    Raises:
        DataError: It is no picture, or too large.
    """
    try:
        with Image.open(upload) as picture:
            if max(picture.size) > LONGEST_SIDE:
                raise DataError(
                    f"The picture has {picture.width:,} x {picture.height:,} pixels; at most {LONGEST_SIDE:,} a side "
                    "can be read.",
                    "Make it smaller.",
                )
            transparent = picture.has_transparency_data
            return np.asarray(picture.convert("RGBA" if transparent else "RGB"))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError) as error:
        raise DataError("The file is no picture that can be read.", "Choose a PNG, JPEG, WebP, BMP or GIF.") from error
