"""What reaches the terminal: our own words, and not those that compiled libraries print as they please."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

from rich.text import Text

from cvae_core.runs.files import open_to_append
from cvae_core.system_errors import storage_errors
from cvae_core.text import is_unsafe

_STANDARD_ERROR = 2
_LEAST_WIDTH: Final = 20


def replace_unencodable() -> None:
    """Print replacement characters where the encoding of the terminal lacks a character, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def ignore_tiny_width() -> None:
    """Print as to a terminal of 80 columns where COLUMNS, or the terminal itself, claims fewer than can be read."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) < _LEAST_WIDTH:
        del os.environ["COLUMNS"]
    if shutil.get_terminal_size().columns < _LEAST_WIDTH:
        os.environ["COLUMNS"] = "80"


def printable(text: str) -> str:
    """The text with replacement characters for all that a terminal could take for a command.

    Args:
        text: Words that may come from a file. A line break is no part of them.
    """
    return "".join("\N{REPLACEMENT CHARACTER}" if is_unsafe(character) else character for character in text)


def plain(text: str) -> Text:
    """``printable`` for rich, which takes nothing in it for markup."""
    return Text(printable(text))


@contextmanager
def told_if_killed(sentence: str) -> Iterator[None]:
    """Say a sentence on standard error if this process dies before the end.

    A shell says it: when memory runs out, compiled libraries end this process without asking Python.
    """
    command = ["/bin/sh", "-c", 'read -r line || printf "%s\\n" "$1" >&2', "sh", sentence]
    with subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True) as watcher:
        try:
            yield
        finally:
            watcher.communicate(b"over\n")


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
    encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
    with os.fdopen(terminal, "w", encoding=encoding, errors="replace") as screen:
        os.dup2(descriptor, _STANDARD_ERROR)
        try:
            yield screen
        finally:
            os.dup2(terminal, _STANDARD_ERROR)
