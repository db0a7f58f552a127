"""Components whose scripts are ES modules, served as files from a folder of this package.

Streamlit 1.67 serves the files of components that it finds in the pyproject.toml of an installed distribution, which it
looks for in a package of the distribution's name. Ours have different names, so the folder is declared here instead:
that works from an editable install, from a wheel and without either.
"""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import Any, Final

import streamlit as st
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

_PREFIX: Final = "cvae-"
_LASTING: Final = "private, max-age=31536000, immutable"


class ComponentFolder:
    """A folder with the modules and styles of components.

    A digest of all modules is a part of each component's name, and so of the address of each module. A browser that
    knows an earlier version therefore never takes one of its modules for a new one.

    Attributes:
        package: What the names of all its components begin with.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        digest = hashlib.sha256()
        for path in sorted(folder.rglob("*.js")):
            digest.update(f"{path.relative_to(folder).as_posix()}\0".encode() + path.read_bytes() + b"\0")
        self.package = _PREFIX + digest.hexdigest()[:12]

    def read(self, *names: str) -> str:
        """Join text files of the folder."""
        return "\n".join((self._folder / name).read_text(encoding="utf-8") for name in names)

    def component(self, name: str, js: str | None = None, css: tuple[str, ...] = (), html: str = "") -> Component:
        """Declare a component.

        Args:
            name: Identifies it among the components of this folder.
            js: Path of its module in the folder; the module may import others of the folder.
            css: Paths of its styles in the folder. They are sent with the component, so that it is never drawn without.
            html: What it consists of before its module has run.
        """
        return Component(self._folder, self.package, name, js=js, css=self.read(*css) or None, html=html or None)


class Component:
    """Mounts a component of a folder; its arguments are those of Streamlit's own."""

    def __init__(self, folder: Path, package: str, name: str, **sources: Any) -> None:
        self._folder = folder
        self._manifest = ComponentManifest(package, "", [ComponentConfig(name, ".")])
        self._key = f"{package}.{name}"
        self._sources = sources
        self._mount: Any = None
        self._lock = threading.Lock()

    def __call__(self, **arguments: Any) -> Any:
        """Mount it; declare it first to a server that does not know it yet, of which tests have many."""
        with self._lock:
            manager = get_bidi_component_manager()
            if manager.get_component_asset_root(self._key) is None:
                manager.register_from_manifest(self._manifest, self._folder)
            if self._mount is None:
                self._mount = st.components.v2.component(self._key, **self._sources)
        return self._mount(**arguments)


class LastingModules:
    """ASGI middleware: browsers keep modules, as none ever changes under its address."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def send_lasting(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:
                MutableHeaders(scope=message)["Cache-Control"] = _LASTING
            await send(message)

        is_module = scope["type"] == "http" and f"/_stcore/bidi-components/{_PREFIX}" in scope["path"]
        await self._app(scope, receive, send_lasting if is_module else send)
