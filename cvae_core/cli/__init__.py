"""The `cvae` command."""

from cvae_core.cli.command import main

__all__ = ["main"]
