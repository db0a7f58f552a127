"""The small JSON files of a run: its status, and its name and note."""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal, Self

from cvae_core.errors import MEMORY_MARKS, RunDamagedError, RunError
from cvae_core.runs import lock
from cvae_core.runs.atomic_io import open_to_read, read_text, replace_file
from cvae_core.runs.checksums import is_sealed, parsed_object, parser, read_sealed, refuse_newer, seal, versioned
from cvae_core.text import is_invisible, is_undecoded, unsafe_character

NAME_LIMIT: Final = 80
NOTE_LIMIT: Final = 2_000
ABOUT: Final = "The file with the name and note of the run"
_AGAIN: Final = "Give the run its name and its note again, or restore the file from a copy."
_FIELDS: Final = frozenset({"schema_version", "name", "note", "config_sha256", "check"})  # the fourth once was


@dataclass(frozen=True)
class About:
    """A name and a note; empty where there is none.

    Attributes:
        name: One line of up to 80 characters.
        note: Up to 2,000 characters, line breaks among them.
    """

    name: str = ""
    note: str = ""


def read_about(path: Path) -> About:
    """What is said about a run; nothing if there is no file. Files of the first versions have no checksum.

    Raises:
        RunDamagedError: The file is not as it was written, a link, or of a newer version.
    """
    if not os.path.lexists(path):
        return About()
    text = read_text(path, ABOUT)
    values = parsed_object(text, ABOUT, path.name)
    if "schema_version" in values:
        refuse_newer(values, ABOUT)
    if not values.keys() <= _FIELDS or ("check" in values and not is_sealed(text.encode())):
        raise RunDamagedError(f"{ABOUT} does not match its checksum ({path.name}).", _AGAIN)
    try:
        return checked(values.get("name", ""), values.get("note", ""))
    except (RunError, AttributeError):
        raise RunDamagedError(f"{ABOUT} does not hold a valid name and note ({path.name}).", _AGAIN) from None


def about_or_problem(path: Path) -> tuple[About, str]:
    """What is said about a run, or nothing and, as whole sentences, why it cannot be read and what to do."""
    try:
        return read_about(path), ""
    except RunError as error:
        return About(), f"{error.problem} {error.advice or _AGAIN}"


def write_about(path: Path, name: str, note: str) -> About:
    """Replace what is said about a run, in one step.

    Args:
        path: The file.
        name: Spaces around it are dropped; empty for none.
        note: Likewise.

    Returns:
        What was written.

    Raises:
        RunError: A text is too long or has a control character, or one that disguises text; a name
            has a line break, or nothing that can be seen.
        StorageError: The file cannot be written; it is then as it was.
    """
    about = checked(name, note)
    replace_file(path, seal(versioned(asdict(about))))
    return about


def checked(name: str, note: str) -> About:
    """A name and a note, if they can be that.

    Raises:
        RunError: A text is too long or has a control character, or one that disguises text; a name
            has a line break, or nothing that can be seen.
    """
    if name.strip(" ") and is_invisible(name):
        raise RunError("The name of a run would be invisible.", "Use at least one character that can be seen.")
    name, note = name.strip(), note.replace("\r\n", "\n").strip()
    for what, text, limit in (("name", name, NAME_LIMIT), ("note", note, NOTE_LIMIT)):
        if len(text) > limit:
            raise RunError(f"The {what} of a run has at most {limit:,} characters; this one has {len(text):,}.")
        if is_undecoded(text):
            raise RunError(
                f"The encoding of this terminal ({sys.getfilesystemencoding()}) cannot represent this {what}.",
                "Set a UTF-8 locale, such as LC_ALL=C.UTF-8, then try again.",
            )
        if found := unsafe_character(text, allowed="" if what == "name" else "\n\t"):
            raise RunError(f"The {what} of a run cannot hold every character: {found}.", "Leave that character out.")
    return About(name, note)


WrittenState = Literal["queued", "running", "paused", "finished", "stopped", "failed"]
State = Literal["queued", "starting", "running", "paused", "finished", "stopped", "failed", "interrupted", "broken"]
ENDED: Final = frozenset({"finished", "stopped", "failed"})
ALIVE: Final = frozenset({"queued", "starting", "running", "paused"})
RESUMABLE: Final = frozenset({"stopped", "failed", "interrupted"})


@dataclass(frozen=True)
class Status:
    """What a worker says of its run.

    Attributes:
        state: As the worker wrote it.
        epochs: Epochs to train in all.
        epoch: Completed epochs.
        step: Steps done in the epoch under way.
        steps_per_epoch: 0 until known.
        images_per_second: Training speed of the last few seconds; 0 until the first step since the training began
            or went on.
        seconds: Spent training so far; loading, pauses and interruptions left out.
        created_at, updated_at: Seconds since 1970, UTC.
        queued_at: When it last asked for its turn, on a clock of the machine that nobody sets; orders the queue.
        problem, advice: Why it failed and what to do; empty otherwise.
        remaining_seconds: Estimate of the training time left while it runs; ``None`` until the pace is known.
    """

    state: WrittenState
    epochs: int
    epoch: int = 0
    step: int = 0
    steps_per_epoch: int = 0
    images_per_second: float = 0.0
    seconds: float = 0.0
    created_at: float = 0.0
    updated_at: float = 0.0
    queued_at: float = 0.0
    problem: str = ""
    advice: str = ""
    remaining_seconds: float | None = None

    @classmethod
    def new(cls, epochs: int) -> Self:
        """The status of a run that waits for its first turn."""
        moment = time.time()
        return cls("queued", epochs, created_at=moment, updated_at=moment, queued_at=time.monotonic())

    @property
    def progress(self) -> float:
        """Share of the training that is done, 0 to 1."""
        partial = self.step / self.steps_per_epoch if self.steps_per_epoch else 0.0
        return min(1.0, (self.epoch + partial) / self.epochs)


_STATUS: Final = parser(Status)


def write_status(path: Path, status: Status, durable: bool = False) -> None:
    """Replace the status file in one step.

    Raises:
        StorageError: It cannot be written.
        ValueError: A number is NaN or infinite; the file is as it was.
    """
    replace_file(path, encode_status(replace(status, updated_at=time.time())), durable)


def encode_status(status: Status) -> bytes:
    """The content of the status file.

    Raises:
        ValueError: A number is NaN or infinite.
    """
    return seal(versioned(asdict(status)))


def read_status(path: Path) -> Status:
    """What the worker wrote last.

    Raises:
        RunDamagedError: The file is missing, damaged, or of a newer version.
    """
    status = read_sealed(path, "The status of the run", _STATUS)
    if not 1 <= status.epochs >= status.epoch >= 0 <= status.step or 0 < status.steps_per_epoch < status.step:
        raise RunDamagedError("The status of the run holds impossible progress (status.json).")
    return status


def observed_state(lock_file: Path, status_file: Path) -> tuple[State, Status]:
    """The state of a run as it is now.

    The lock is looked at before the status: a worker that ends in between has then written its last word. Where the
    system cannot tell whether the lock is held, the status is believed.

    Raises:
        RunDamagedError: The status cannot be read.
    """
    alive = lock.is_held(lock_file)
    status = read_status(status_file)
    if alive is not False or status.state in ENDED:
        return status.state, status
    return "interrupted", status


def queued_again(status: Status) -> Status:
    """The status of a run that asks for a turn now, with what it reached so far and no old error."""
    no_pace: dict[str, Any] = {"images_per_second": 0.0, "remaining_seconds": None}
    return replace(status, state="queued", queued_at=time.monotonic(), problem="", advice="", **no_pace)


START_MARK: Final = b"--- A training starts. ---\n"
_TAIL_BYTES: Final = 256 * 2**10
_CRASH: Final = re.compile(r"Fatal Python error: ([ -~]{1,80})")


def why_interrupted(log: Path) -> tuple[str, str]:
    """Why the newest worker of an interrupted run ended, and what to do; empty if its log does not say.

    Args:
        log: ``worker.log``; may be missing. Each worker writes ``START_MARK`` there first.
    """
    with suppress(OSError), open_to_read(log) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        text = file.read().rpartition(START_MARK)[2].decode(errors="replace")
        if any(mark in text for mark in MEMORY_MARKS):
            return "The process that trained this run ran out of memory.", "Free some memory before you resume it."
        if crash := _CRASH.search(text):
            problem = f"The process that trained this run crashed ({crash[1]})."
            return problem, "Memory may have run out; the details are at the end of worker.log."
    return "", ""
