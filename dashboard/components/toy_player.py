"""A film of a torn manifold and what models make of it, side by side over the epochs, scrubbed in the browser."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import streamlit as st

from cvae_core.records import Bytes, Floats
from dashboard.components import FOLDER
from dashboard.components.epoch_player import PLAYER_STYLES, FilmState, Question, Timeline, film_blob
from dashboard.components.toy_data import TornGround

_mount = FOLDER.component(
    "toy_player", "toy/toy_player.js", (*PLAYER_STYLES, "latent/latent_scatter.css", "toy/toy_player.css")
)


@dataclass(frozen=True)
class TornModel:
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


@dataclass(frozen=True)
class TornFrame:
    """What one model makes of the data after an epoch.

    Attributes:
        reconstruction: float32 (n, 2), of each point.
        sweep: float32 (lines, steps, 2), decoded as the code goes through its range; None for a code of more numbers.
        off: uint8 (lines, steps), 1 where the sweep is off the manifold.
        tear: Shares of the reconstructed points and of the swept curve that are off it, 0 to 1; NaN: there is none.
        input_distance: From the noisy points to their reconstructions, root mean square.
    """

    reconstruction: Floats
    sweep: Floats | None
    off: Bytes | None
    tear: tuple[float, float]
    input_distance: float


FramesOf = Callable[[int], Mapping[str, TornFrame]]


def torn_film(
    key: str, timeline: Timeline, models: Sequence[TornModel], ground: TornGround, frames_of: FramesOf
) -> FilmState:
    """Mount a film of the torn manifold.

    Args:
        key: Identifies the film on the page.
        timeline: The epochs, and where the film stands.
        models: What stands beside each other.
        ground: What they are to learn.
        frames_of: Epoch -> each model's frame by its name. Called only for epochs whose frames the browser lacks.

    Returns:
        What the film reports by now.
    """
    asked = FilmState.parse(st.session_state.get(key)).ask
    blob = packed_torn_film(timeline, asked, models, ground, frames_of)
    ignored = _no_reaction
    result = _mount(key=key, data=blob, on_ask_change=ignored, on_epoch_change=ignored)
    return FilmState.parse(result)


def packed_torn_film(
    timeline: Timeline, question: Question | None, models: Sequence[TornModel], ground: TornGround, frames_of: FramesOf
) -> bytes:
    """The film as the browser receives it; the arguments are those of ``torn_film``, and what the browser asked."""
    header = {"models": [asdict(model) for model in models], **ground.header}
    return film_blob(timeline, question, header, lambda epoch: _arrays(frames_of(epoch)), ground.arrays)


def _arrays(frames: Mapping[str, TornFrame]) -> dict[str, npt.NDArray[Any]]:
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, frame in frames.items():
        arrays[f"reconstruction_{name}"] = frame.reconstruction.astype(np.float32)
        arrays[f"tear_{name}"] = np.array(frame.tear, np.float32)
        arrays[f"distance_{name}"] = np.array([frame.input_distance], np.float32)
        if frame.sweep is not None and frame.off is not None:
            arrays[f"sweep_{name}"] = frame.sweep.astype(np.float32)
            arrays[f"off_{name}"] = frame.off.astype(np.uint8)
    return arrays


def _no_reaction() -> None:
    """A value reaches the script only where a callback for it is given."""
