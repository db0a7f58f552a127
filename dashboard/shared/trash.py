"""What one session has deleted and can still take back: until its page is left."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cvae_core.runs.storage import Deleted, Trash

RETURN_SECONDS: Final = 120.0  # for as long does Streamlit keep the session of a browser that has gone


@dataclass(frozen=True)
class Deletion:
    """Runs that were deleted together.

    Attributes:
        title: What people call them.
        runs: Where they are.
    """

    title: str
    runs: tuple[Deleted, ...]


class Deletions:
    """The deletions of a session on its present page.

    Args:
        bin_: Where the runs are put.
        page: On which they were deleted.

    Attributes:
        page: As the argument.
        token: Tells these from those of other sessions.
    """

    def __init__(self, bin_: Trash, page: str) -> None:
        self.page = page
        self.token = secrets.token_hex(8)
        self._bin = bin_
        self._pending: list[Deletion] = []
        self._guard = threading.Lock()
        self._farewell: threading.Timer | None = None

    @property
    def pending(self) -> Sequence[Deletion]:
        """Those that can be undone, the newest last."""
        return tuple(self._pending)

    def add(self, title: str, runs: Sequence[Deleted]) -> None:
        """Remember what was deleted."""
        with self._guard:
            self._pending.append(Deletion(title, tuple(runs)))

    def undo(self, deletion: Deletion) -> None:
        """Give runs back.

        Raises:
            RunError: One cannot come back; those that can do, and the others can still be undone.
        """
        with self._guard:
            if deletion not in self._pending:
                return
            for deleted in deletion.runs:
                if deleted.path.exists() or not deleted.run.path.exists():
                    self._bin.restore(deleted)
            self._pending.remove(deletion)

    def empty(self) -> None:
        """The page was left: delete for good."""
        with self._guard:
            for deletion in self._pending:
                for deleted in deletion.runs:
                    self._bin.remove(deleted)
            self._pending.clear()

    def leave(self) -> None:
        """The browser has gone: delete for good, unless it comes back as one whose connection was lost does."""
        self.stay()
        self._farewell = threading.Timer(RETURN_SECONDS, self.empty)
        self._farewell.daemon = True
        self._farewell.start()

    def stay(self) -> None:
        """The browser is there."""
        if self._farewell is not None:
            self._farewell.cancel()
            self._farewell = None
