"""`cvae bench`: how fast this machine is at what the laboratory does, beside the usual ways of doing it."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table

from cvae_core.cli.options import JsonOption, print_json


def bench(as_json: JsonOption = False) -> None:
    """Time training, snapshots and decoding side by side with plain Keras, on this machine."""
    raise NotImplementedError
