"""What every test needs: repeatable properties, and an environment that knows nothing of the person's own runs."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# The browser to drive, and where its pictures for the README go.
KEPT = {"CVAE_CHROMIUM", "CVAE_PICTURES"}

settings.register_profile("tests", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tests")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long fault injection out, unless it is asked for by its mark, and all but one case of slow tests."""
    seen: set[str] = set()
    for item in items:
        case = f"{item.path}::{getattr(item, 'originalname', item.name)}"
        is_long = item.get_closest_marker("slow") and not item.get_closest_marker("e2e")
        if is_long and not item.get_closest_marker("every_case"):
            if case in seen:
                item.add_marker("faults")
            seen.add(case)
    if "faults" not in config.option.markexpr:
        long = [item for item in items if item.get_closest_marker("faults")]
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Take all that was imported for the tests out of what Streamlit searches for garbage after each run of a page."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Forget the person's settings, and keep runs that a test does not place out of the working directory."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("CVAE_") and name not in KEPT]:
            patch.delenv(name)
        patch.setenv("CVAE_RUNS", str(tmp_path_factory.mktemp("runs")))
        yield


@pytest.fixture
def runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of runs of the test's own, which everything uses that is told of no other."""
    folder = tmp_path / "runs"
    folder.mkdir()
    monkeypatch.setenv("CVAE_RUNS", str(folder))
    return folder
