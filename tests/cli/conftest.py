"""What the tests of commands share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.export.small_run import small_run


@pytest.fixture
def here(runs_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, with a run named "small" to export from."""
    small_run(runs_folder)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder
