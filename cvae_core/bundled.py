"""Files that come with the project: beside the package in a checkout, inside it where it was installed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent
FOLDERS: Final = (_PACKAGE / "assets", _PACKAGE.parent / "assets")


def bundled_file(name: str) -> Path:
    """Where a bundled file is, or, if it is missing, where it should be.

    Args:
        name: Of a file in the folder of assets.
    """
    places = [folder / name for folder in FOLDERS]
    return next((place for place in places if place.is_file()), places[-1])
