"""Every moment at which a process changes files, counted, so that it can be made to die at any one of them.

A change is a call that makes, opens for writing, renames, or removes something. The process dies just before it, as if
it had been killed from outside. Where content is written there is one moment more: half of it is there.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

_CHANGES: Final = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.truncate"})
_WRITING: Final = os.O_WRONLY | os.O_RDWR
_RANDOM_PART: Final = re.compile(r"-[0-9a-f]{8}\b")


class Moments:
    """Counts the changes of this process below a folder from now on; there is no way back.

    Args:
        folder: Of runs.
        last: The number of the moment to die at, from 1; 0 for none.
    """

    def __init__(self, folder: Path, last: int = 0) -> None:
        self.names: list[str] = []
        self._folder = str(folder)
        self._last = last
        sys.addaudithook(self._audit)
        os.write = _torn(self, os.write)
        Path.write_bytes = _torn(self, Path.write_bytes)  # type: ignore[method-assign]
        Path.write_text = _torn(self, Path.write_text)  # type: ignore[method-assign]

    def passes(self, what: str, path: object) -> bool:
        """Count a moment; whether it is the last."""
        self.names.append(f"{what} {self._short(path)}")
        return len(self.names) == self._last

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        is_change = event in _CHANGES or (event == "open" and isinstance(arguments[2], int) and arguments[2] & _WRITING)
        is_ours = is_change and self._is_ours(event, str(arguments[0]))
        if is_ours and self.passes(event.removeprefix("os."), arguments[0]):
            _die()

    def _is_ours(self, event: str, path: str) -> bool:
        """Whether it is below the folder; what empties a folder names only what it removes from it."""
        if not path.startswith("/"):
            return True
        return self._folder in path and (event != "os.remove" or os.path.lexists(path))

    def _short(self, path: object) -> str:
        return _RANDOM_PART.sub("", str(path).removeprefix(self._folder + "/"))


def _torn(moments: Moments, write: Callable[..., Any]) -> Callable[..., Any]:
    """A way of writing that dies, if it is time, when half is written."""

    def torn(target: Any, content: Any, *rest: Any, **more: Any) -> Any:
        name = Path(f"/proc/self/fd/{target}").readlink() if isinstance(target, int) else target
        is_last = moments.passes("half of", name)
        if is_last:
            write(target, content[: len(content) // 2], *rest, **more)
            _die()
        return write(target, content, *rest, **more)

    return torn


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
