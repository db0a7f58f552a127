"""A disconnected manifold: noisy points on separate pieces, and the true curves that they lie about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import streamlit as st

from cvae_core.analysis.toy import ToyRecord
from cvae_core.records import Floats, Labels
from dashboard.components import FOLDER
from dashboard.components.epoch_player import PLAYER_STYLES, PlayerState, Question, Timeline, player_blob
from dashboard.components.packing import pack

_MARGIN: Final = 0.3

_mount_data = FOLDER.component("toy_data", "toy/toy_data.js", ("shared/shared.css",))


@dataclass(frozen=True)
class ToyData:
    """What models are to learn.

    Attributes:
        points: float32 (n, 2).
        labels: int (n,), 0 to the number of pieces - 1.
        pieces: The true curve of each label, float32 (any, 2).
        names: Of the pieces.
        noise: Its standard deviation.
    """

    points: Floats
    labels: Labels
    pieces: tuple[Floats, ...]
    names: tuple[str, ...]
    noise: float

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top of a plane that holds all curves."""
        corners = np.concatenate([*self.pieces, self.points])
        (left, bottom), (right, top) = corners.min(axis=0) - _MARGIN, corners.max(axis=0) + _MARGIN
        return float(left), float(right), float(bottom), float(top)

    @property
    def header(self) -> dict[str, Any]:
        """What the browser is told beside the arrays."""
        return {"extent": self.extent, "class_names": self.names, "noise": self.noise}

    @property
    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """What the browser draws."""
        return {
            "points": self.points.astype(np.float32),
            "labels": self.labels.astype(np.int32),
            **{f"piece_{label}": piece.astype(np.float32) for label, piece in enumerate(self.pieces)},
        }


def toy_data(ground: ToyData, key: str, title: str, caption: str) -> None:
    """Mount a picture of the data alone.

    Args:
        ground: The data.
        key: Identifies the picture on the page.
        title: Stands above.
        caption: Stands below.
    """
    header = {**ground.header, "title": title, "caption": caption, "description": f"{title}. {caption}"}
    _mount_data(key=key, data=pack(header, ground.arrays))


_mount = FOLDER.component(
    "toy_player", "toy/toy_player.js", (*PLAYER_STYLES, "latent/latent_scatter.css", "toy/toy_player.css")
)


@dataclass(frozen=True)
class ToyModel:
    """One of the models that are shown beside each other.

    Attributes:
        name: Identifies it.
        title: Stands above its plane and names its line in the charts.
        description: For those who cannot see the picture.
        file_name: Of the PNG; the epoch is put before its ending.
    """

    name: str
    title: str
    description: str
    file_name: str = "torn_manifold.png"


FramesOf = Callable[[int], Mapping[str, ToyRecord]]


def toy_player(
    key: str, timeline: Timeline, models: Sequence[ToyModel], ground: ToyData, frames_of: FramesOf
) -> PlayerState:
    """Mount a player of the disconnected manifold.

    Args:
        key: Identifies the player on the page.
        timeline: The epochs, and where the player stands.
        models: What stands beside each other.
        ground: What they are to learn.
        frames_of: Epoch -> each model's record by its name. Called only for epochs whose frames the browser lacks.

    Returns:
        What the player reports by now.
    """
    asked = PlayerState.parse(st.session_state.get(key)).ask
    blob = packed_toy_player(timeline, asked, models, ground, frames_of)
    ignored = _no_reaction
    result = _mount(key=key, data=blob, on_ask_change=ignored, on_epoch_change=ignored)
    return PlayerState.parse(result)


def packed_toy_player(
    timeline: Timeline, question: Question | None, models: Sequence[ToyModel], ground: ToyData, frames_of: FramesOf
) -> bytes:
    """The player as the browser receives it; the arguments are those of ``toy_player``, and what the browser asked."""
    header = {"models": [asdict(model) for model in models], **ground.header}
    return player_blob(timeline, question, header, lambda epoch: _arrays(frames_of(epoch)), ground.arrays)


def _arrays(records: Mapping[str, ToyRecord]) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a frame; a curve of a code with more than one number is absent, and its share is no number."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, record in records.items():
        shares = (
            record.off_manifold.reconstructions,
            np.nan if record.off_manifold.curve is None else record.off_manifold.curve,
        )
        arrays[f"reconstruction_{name}"] = record.reconstructions.astype(np.float32)
        arrays[f"off_manifold_{name}"] = np.array(shares, np.float32)
        arrays[f"distance_{name}"] = np.array([record.input_distance], np.float32)
        if record.swept:
            arrays[f"sweep_{name}"] = np.stack([curve.points for curve in record.swept])
            arrays[f"off_{name}"] = np.stack([curve.off for curve in record.swept]).astype(np.uint8)
    return arrays


def _no_reaction() -> None:
    """A value reaches the script only where a callback for it is given."""
