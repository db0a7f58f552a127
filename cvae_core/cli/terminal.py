"""What reaches the terminal: our own words, and not those that compiled libraries print as they please."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TextIO

from rich.text import Text

from cvae_core.runs.files import open_to_append, storage_errors

_STANDARD_ERROR = 2


def plain(text: str) -> Text:
    """Words that may come from a file: nothing in them is taken for markup, or by the terminal for a command."""
    return Text("".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in text))


@contextmanager
def messages_into(log: Path) -> Iterator[TextIO]:
    """Send log records, and whatever else is written to standard error, into a file.

    Args:
        log: The file; appended to.

    Yields:
        The terminal, for what the person should see.

    Raises:
        StorageError: The file cannot be written, or is a link.
    """
    with storage_errors(log):
        opened = open_to_append(log)
    with os.fdopen(opened, "a", encoding="utf-8") as file, _sent_into(file.fileno()) as screen:
        handler = logging.StreamHandler(file)
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logging.getLogger("cvae_core").addHandler(handler)
        try:
            yield screen
        finally:
            logging.getLogger("cvae_core").removeHandler(handler)


@contextmanager
def nothing_printed_by_others() -> Iterator[None]:
    """Drop what compiled libraries write to standard error; what Python writes there still comes."""
    with Path(os.devnull).open("w") as nowhere, _sent_into(nowhere.fileno()) as screen, redirect_stderr(screen):
        yield


@contextmanager
def _sent_into(descriptor: int) -> Iterator[TextIO]:
    """Let standard error go elsewhere for a while; gives where it went before."""
    terminal = os.dup(_STANDARD_ERROR)
    with os.fdopen(terminal, "w", encoding="utf-8") as screen:
        os.dup2(descriptor, _STANDARD_ERROR)
        try:
            yield screen
        finally:
            os.dup2(terminal, _STANDARD_ERROR)
