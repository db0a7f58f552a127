"""Reads the scripts and styles that lie beside the components' Python."""

from __future__ import annotations

from importlib import resources


def read_sources(*file_names: str) -> str:
    """Join files of this package, so that a component's script can use what others share.

    Args:
        file_names: Names of files of this folder, in the order in which they are joined.
    """
    folder = resources.files(__package__)
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in file_names)
