"""Options that several commands share."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from cvae_core.errors import ConfigError

RunsOption = Annotated[
    str | None, typer.Option("--runs", metavar="DIR", help="The folder of runs. Default: CVAE_RUNS, else ./runs.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for scripts instead of text for people.")]
RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The name of a run, as `cvae runs list` shows it.")]


def print_json(value: Any) -> None:
    """Print a value as JSON to standard output, on one line if it is small."""
    text = json.dumps(value)
    typer.echo(text if len(text) < 200 else json.dumps(value, indent=2))


def parse_settings(assignments: list[str]) -> dict[str, Any]:
    """Read ``NAME=VALUE`` pairs.

    Raises:
        ConfigError: One of them has no name or no '='.
    """
    settings: dict[str, Any] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals or not name.strip():
            raise ConfigError(f"--set expects NAME=VALUE, such as latent_dim=2; it got {assignment!r}.")
        settings[name.strip()] = None if value.strip().lower() in ("", "none") else value.strip()
    return settings
