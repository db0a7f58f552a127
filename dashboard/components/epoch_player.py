"""What a player of a run's epochs and its server say to each other.

A player keeps a frame for each epoch in the browser, so that moving its slider asks nobody; it asks for those that it
lacks. Nothing is remembered here about what a browser holds: each answer follows from the question alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final, TypeGuard

import numpy as np
import numpy.typing as npt

from cvae_core.errors import CvaeError
from dashboard.components.packing import pack

PLAYER_STYLES: Final = ("shared/shared.css", "player/epoch_player.css")
MOST_EPOCHS: Final = 200

Array = npt.NDArray[Any]
FrameOf = Callable[[int], Mapping[str, Array]]


@dataclass(frozen=True)
class Timeline:
    """The epochs of a run, and where a player of them stands.

    Attributes:
        run: Identifies the run: with another one the player goes to ``epoch``.
        view: Identifies the run and every parameter of the picture but the epoch.
        epochs: Those that have a snapshot, rising; at least one.
        epoch: The selected one.
        follow: No epoch was chosen: the newest is shown as it comes.
        alive: More epochs may come.
        report: Id of the player's last report that was handled. Without a later one it goes to ``epoch``.
    """

    run: str
    view: str
    epochs: tuple[int, ...]
    epoch: int
    follow: bool = False
    alive: bool = False
    report: int = 0

    def __post_init__(self) -> None:
        """Check that the epochs rise and hold the selected one."""
        if any(later <= earlier for earlier, later in pairwise(self.epochs)):
            raise ValueError(f"epochs should rise: {self.epochs}")
        if self.epoch not in self.epochs:
            raise ValueError(f"epoch {self.epoch} is not one of {self.epochs}")


@dataclass(frozen=True)
class Question:
    """What a browser asks for.

    Attributes:
        id: Repeated in the answer; at least 1.
        view: The view that the frames should be of.
        epochs: Whose frames are wanted, the most urgent first; at most 200.
        extra: Further fields, unchecked: whoever uses them checks them.
    """

    id: int
    view: str
    epochs: tuple[int, ...]
    extra: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: object) -> Question | None:
        """Read what came from the browser, which may be anything.

        Args:
            value: JSON.

        Returns:
            The question, or None where ``value`` is none.
        """
        if not isinstance(value, Mapping):
            return None
        number, view, epochs = (value.get(name) for name in ("id", "view", "epochs"))
        if not _is_count(number) or number == 0 or not isinstance(view, str) or not isinstance(epochs, list | tuple):
            return None
        if not all(map(_is_count, epochs)):
            return None
        extra = {name: entry for name, entry in value.items() if name not in ("id", "view", "epochs")}
        return cls(number, view, tuple(epochs[:MOST_EPOCHS]), extra)


@dataclass(frozen=True)
class PlayerState:
    """What a player reports. It is gone after a switch of the page: whoever needs it longer keeps a copy.

    Attributes:
        epoch: Where the slider was let go; None for the newest epoch, and if nothing was reported yet.
        ask: The latest question, if any.
        run: The run whose epoch that is.
        report: Rises with every report of an epoch; 0 before the first.
    """

    epoch: int | None = None
    ask: Question | None = None
    run: str = ""
    report: int = 0

    @classmethod
    def parse(cls, value: object) -> PlayerState:
        """Read a player's values out of the session, or what its mounting returned; malformed ones count as absent."""
        if not isinstance(value, Mapping):
            return cls()
        return cls(ask=Question.parse(value.get("ask")), **_reported_epoch(value.get("epoch")))


def answers(timeline: Timeline, question: Question | None) -> bool:
    """Whether the question is about the view of this timeline."""
    return question is not None and question.view == timeline.view


def wanted_epochs(timeline: Timeline, question: Question | None) -> tuple[int, ...]:
    """The epochs whose frames are sent: those asked for, or else the selected one.

    Who follows a run gets its newest epoch unasked: by the time of an answer there may be another one, and one that
    is always asked for too late would never be seen.
    """
    if question is None or not answers(timeline, question):
        return (timeline.epoch,)
    known = set(timeline.epochs)
    newest = timeline.epochs[-1:] if timeline.follow and timeline.alive else ()
    return tuple(dict.fromkeys(epoch for epoch in (*newest, *question.epochs) if epoch in known))


def player_blob(
    timeline: Timeline,
    question: Question | None,
    picture: Mapping[str, Any],
    frame_of: FrameOf,
    shared: Mapping[str, Array] | None = None,
) -> bytes:
    """Pack what a player is to show now.

    Args:
        timeline: The epochs.
        question: What the browser asked for.
        picture: What the player's renderer needs to know; JSON.
        frame_of: Epoch -> arrays by name; the names, dtypes and shapes are those of every other epoch of the view.
            A ``CvaeError`` that it raises is shown in the place of that epoch's picture.
        shared: Small arrays of all epochs, sent each time; one that is absent keeps the value that it had.

    Returns:
        The bytes that ``epoch_player.js`` reads.
    """
    frames: dict[int, Mapping[str, Array]] = {}
    failed: dict[str, str] = {}
    for epoch in wanted_epochs(timeline, question):
        try:
            frames[epoch] = frame_of(epoch)
        except CvaeError as error:
            failed[str(epoch)] = str(error)
    header = {
        "run": timeline.run,
        "view": timeline.view,
        "epochs": timeline.epochs,
        "epoch": timeline.epoch,
        "follow": timeline.follow,
        "alive": timeline.alive,
        "report": timeline.report,
        "frame_epochs": list(frames),
        "failed": failed,
        "answer": question.id if question and answers(timeline, question) else 0,
        "picture": picture,
    }
    return pack(header, {**(shared or {}), **_stacked(list(frames.values()))})


def _reported_epoch(value: object) -> dict[str, Any]:
    """Run, epoch and number of a report, if it is one."""
    if not isinstance(value, Mapping):
        return {}
    run, epoch, number = (value.get(name) for name in ("run", "epoch", "id"))
    if not isinstance(run, str) or not (epoch is None or _is_count(epoch)) or not _is_count(number):
        return {}
    return {"run": run, "epoch": epoch, "report": number}


def _stacked(frames: list[Mapping[str, Array]]) -> dict[str, Array]:
    """The frames' arrays along a new first axis."""
    names = frames[0] if frames else ()
    return {f"frame/{name}": np.stack([frame[name] for frame in frames]) for name in names}


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
