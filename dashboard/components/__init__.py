"""The parts of pages that run in the browser: a Python mount each, and the ES modules and styles that it serves."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from dashboard.streamlit_patches.modules import ComponentFolder

FOLDER: Final = ComponentFolder(Path(__file__).parent)
