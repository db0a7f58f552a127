"""The modules of components under addresses that change with them, so that browsers may keep them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from dashboard.components import FOLDER
from dashboard.streamlit_patches.modules import ComponentFolder, LastingModules


def address(folder: Path) -> str:
    return ComponentFolder(folder).package


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "one.js").write_text("export const one = 1;")
    (tmp_path / "two.js").write_text("export const two = 2;")
    return tmp_path


def test_the_same_modules_have_the_same_address(folder: Path) -> None:
    before = address(folder)
    (folder / "notes.py").write_text("# no module")
    assert address(folder) == before


def test_any_change_of_any_module_changes_the_address_of_all(folder: Path) -> None:
    addresses = [address(folder)]
    (folder / "shared" / "one.js").write_text("export const one = 3;")
    addresses.append(address(folder))
    (folder / "two.js").rename(folder / "three.js")
    addresses.append(address(folder))
    (folder / "three.js").unlink()
    addresses.append(address(folder))
    assert len(set(addresses)) == len(addresses)


@pytest.mark.parametrize(
    ("path", "status", "lasts"),
    [
        (f"/_stcore/bidi-components/{FOLDER.package}.image_grid/grid/image_grid.js", 200, True),
        (f"/cvae/_stcore/bidi-components/{FOLDER.package}.image_grid/grid/image_grid.js", 200, True),
        (f"/_stcore/bidi-components/{FOLDER.package}.image_grid/grid/gone.js", 404, False),
        ("/_stcore/bidi-components/another.component/index.js", 200, False),
        ("/train", 200, False),
    ],
)
def test_browsers_keep_modules_and_nothing_else(path: str, status: int, lasts: bool) -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": status, "headers": [(b"cache-control", b"public")]})
        await send({"type": "http.response.body", "body": b""})

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.request"}

    asyncio.run(LastingModules(app)({"type": "http", "path": path}, receive, send))
    kept = dict(sent[0]["headers"])[b"cache-control"]
    assert kept == (b"private, max-age=31536000, immutable" if lasts else b"public")
