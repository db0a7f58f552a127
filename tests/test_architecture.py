"""What the import contracts cannot see: what loads at run time and what is never called."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("cvae_core", "dashboard")
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}
UNPICKLERS = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve"}

TRAINS = re.compile(r"cvae_core\.(models|training|bench|export)\b")
SCRIPTS = re.compile(r"dashboard\.(Home|pages)\b")

LOADS = """
import importlib, sys
forbidden, modules = sys.argv[1].split(","), sys.argv[2:]
for module in modules:
    importlib.import_module(module)
    loaded = [name for name in forbidden if name in sys.modules]
    if loaded:
        sys.exit(f"{module} loads {', '.join(loaded)}")
"""


def sources(*suffixes: str) -> list[Path]:
    paths = (path for package in PACKAGES for path in (ROOT / package).rglob("*"))
    return sorted(path for path in paths if path.suffix in suffixes)


def syntax_trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sources(".py"):
        yield path.relative_to(ROOT), ast.parse(path.read_text(encoding="utf-8"))


def modules(package: str) -> list[str]:
    parts = (path.relative_to(ROOT).with_suffix("").parts for path in sources(".py"))
    return [".".join(part).removesuffix(".__init__") for part in parts if part[0] == package]


def assert_never_loads(module_names: list[str], forbidden: str) -> None:
    command = [sys.executable, "-c", LOADS, forbidden, *module_names]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stderr


def test_core_loads_neither_tensorflow_nor_any_drawing_library() -> None:
    light = [name for name in modules("cvae_core") if not TRAINS.match(name)]
    assert_never_loads(light, "tensorflow,keras,streamlit,plotly,altair")


def test_dashboard_never_loads_tensorflow() -> None:
    imported = [name for name in modules("dashboard") if not SCRIPTS.match(name)]
    assert_never_loads(imported, "tensorflow,keras")


def test_no_fragment_of_a_page_is_made_inside_another() -> None:
    """What the time machine's fragment draws has none of its own; each of these stands in a page by itself."""
    makers = {path.relative_to(ROOT).as_posix() for path in (ROOT / "dashboard").rglob("*.py") if _makes_fragment(path)}
    assert makers == {
        "dashboard/pages/home.py",
        "dashboard/shared/run_progress.py",
        "dashboard/sections/archives.py",
        "dashboard/sections/run.py",
        "dashboard/shared/snapshot_page.py",
        "dashboard/sections/why.py",
    }


def _makes_fragment(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.Attribute) and node.attr == "fragment" for node in ast.walk(tree))


def test_names_tell_what_lives_there() -> None:
    assert [path for path, _ in syntax_trees() if VAGUE_NAMES & set(path.with_suffix("").parts)] == []


IMPORT_NAMES = {"pillow": "PIL", "scikit-image": "skimage"}


def test_every_dependency_is_imported_by_the_product() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = [re.split(r"[<>=~!\[ ]", dependency)[0] for dependency in project["dependencies"]]
    nodes = [node for _, tree in syntax_trees() for node in ast.walk(tree)]
    imported = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    assert {IMPORT_NAMES.get(name, name) for name in names} <= {name.split(".")[0] for name in imported}


def imports_an_unpickler(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] in UNPICKLERS for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in UNPICKLERS


def evaluates_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec")


def allows_pickle(node: ast.AST) -> bool:
    if not (isinstance(node, ast.keyword) and node.arg == "allow_pickle"):
        return False
    return not (isinstance(node.value, ast.Constant) and node.value.value is False)


@pytest.mark.parametrize("is_dangerous", [imports_an_unpickler, evaluates_text, allows_pickle])
def test_nothing_read_is_ever_run(is_dangerous: Callable[[ast.AST], bool]) -> None:
    assert [path for path, tree in syntax_trees() if any(map(is_dangerous, ast.walk(tree)))] == []


def names_the_interpreter(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "executable"


def test_every_child_process_is_started_by_the_same_command() -> None:
    calls = [path.as_posix() for path, tree in syntax_trees() if any(map(names_the_interpreter, ast.walk(tree)))]
    assert set(calls) <= {"cvae_core/processes.py", "cvae_core/cli/dashboard.py"}  # the latter replaces its own process


def imports_keras(node: ast.AST) -> bool:
    return isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "keras" for alias in node.names)


def test_keras_is_imported_where_its_backend_is_chosen() -> None:
    importers = [path.as_posix() for path, tree in syntax_trees() if any(map(imports_keras, ast.walk(tree)))]
    # The first is copied beside an exported model, where this package need not be installed.
    assert importers == ["cvae_core/export/draw_digits.py", "cvae_core/models/keras_models.py"]


def test_scripts_in_the_browser_evaluate_no_text() -> None:
    evaluates = re.compile(r"\beval\(|\bnew Function\(")
    assert [path for path in sources(".js") if evaluates.search(path.read_text(encoding="utf-8"))] == []
