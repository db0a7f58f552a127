"""The picture of what a CVAE does, drawn in the colours of the page."""

from __future__ import annotations

from dashboard.components import FOLDER

_mount = FOLDER.component("diagram", html=FOLDER.read("page/diagram.svg"))


def cvae_diagram() -> None:
    """An image and its label become a code; the code and any label become an image."""
    _mount(key="cvae_diagram")
