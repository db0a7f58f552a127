"""What this process opens, changes or runs, as the interpreter itself reports it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_OPENS: Final = ("open", "os.listdir", "os.scandir")
_CHANGES: Final = (
    "os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.utime",
)  # fmt: skip
_RUNS: Final = ("exec", "compile", "pickle.find_class", "marshal.loads", "code.__new__", "ctypes.dlopen")
_STARTS: Final = ("os.system", "os.exec", "os.posix_spawn", "subprocess.Popen", "socket.connect", "import")
_watching: list[list[tuple[str, tuple[Any, ...]]]] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    for seen in _watching:
        seen.append((event, arguments))


class Seen:
    """What was seen while the body ran."""

    def __init__(self) -> None:
        self.events: list[tuple[str, tuple[Any, ...]]] = []

    def paths(self) -> set[Path]:
        """Every path that was opened, listed or changed, as it was named."""
        found = (
            argument
            for event, arguments in self.events
            if event in _OPENS + _CHANGES
            for argument in arguments[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]
        )
        return {Path(os.fsdecode(path)) for path in found if isinstance(path, str | bytes | os.PathLike)}

    def ran(self) -> list[str]:
        """What was unpickled, evaluated, loaded or started."""
        return [f"{event} {arguments}" for event, arguments in self.events if event in _RUNS + _STARTS]


@contextmanager
def watched() -> Iterator[Seen]:
    """Watch this process; hooks cannot be removed, so there is one for all tests, which mostly sleeps."""
    if not getattr(sys, "_runs_are_watched", False):
        sys.addaudithook(_hook)
        sys._runs_are_watched = True  # type: ignore[attr-defined]
    seen = Seen()
    _watching.append(seen.events)
    try:
        yield seen
    finally:
        _watching.remove(seen.events)
