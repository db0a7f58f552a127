"""Requests to a worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from cvae_core.errors import StorageError
from cvae_core.runs.control import ask, is_asked, withdraw, withdraw_all


def test_a_request_stands_until_it_is_withdrawn(tmp_path: Path) -> None:
    folder = tmp_path / "control"
    assert not is_asked(folder, "pause")
    ask(folder, "pause")
    ask(folder, "pause")
    assert is_asked(folder, "pause") and not is_asked(folder, "stop")
    withdraw(folder, "pause")
    withdraw(folder, "pause")
    assert not is_asked(folder, "pause")


def test_all_requests_are_withdrawn_at_once(tmp_path: Path) -> None:
    ask(tmp_path, "pause")
    ask(tmp_path, "stop")
    withdraw_all(tmp_path)
    assert list(tmp_path.iterdir()) == []
    withdraw_all(tmp_path / "nothing")


def test_a_request_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "control").touch()
    with pytest.raises(StorageError, match="control could not be written"):
        ask(tmp_path / "control", "stop")
    assert not is_asked(tmp_path / "control", "stop")
    with pytest.raises(StorageError):
        ask(tmp_path / "nothing" / "control", "stop")


def test_a_request_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pause").touch()
    linked, own = tmp_path / "linked", tmp_path / "own"
    linked.symlink_to(outside)
    own.mkdir()
    (own / "stop").symlink_to(outside / "new")
    assert not is_asked(linked, "pause")
    for act in (lambda: ask(linked, "stop"), lambda: withdraw(linked, "pause"), lambda: ask(own, "stop")):
        with pytest.raises(StorageError, match=r"is a link|Too many levels of symbolic links"):
            act()
    withdraw(own, "stop")
    assert [path.name for path in outside.iterdir()] == ["pause"]
    assert list(own.iterdir()) == []
