"""Registries, and the modules that are imported to fill them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cvae_core.errors import ConfigError, DataError
from cvae_core.plugins import Registry, load_plugins


def test_a_registry_gives_entries_by_name_and_lists_the_names_otherwise() -> None:
    registry = Registry[int]("data set", DataError)
    registry.register("one", 1)
    registry.register("two", 2)
    registry.register("two", 2)  # a module that is reloaded
    assert (registry.get("two"), registry.names(), list(registry), "one" in registry) == (
        2,
        ("one", "two"),
        [1, 2],
        True,
    )
    with pytest.raises(DataError, match=r"There is no data set 'three'. The data sets are: one, two\."):
        registry.get("three")
    with pytest.raises(ConfigError, match="already a data set named 'one'"):
        registry.register("one", 7)


def test_modules_of_the_environment_are_imported_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_plugin_one.py").write_text("import sys\nsys.imported_by_plugin = [*sys.imported_by_plugin, 1]\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "imported_by_plugin", [], raising=False)
    monkeypatch.setenv("CVAE_PLUGINS", " some_plugin_one, ,")
    load_plugins()
    load_plugins()
    assert sys.imported_by_plugin == [1]  # type: ignore[attr-defined]


def test_a_module_that_fails_is_told_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some_plugin_two.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("CVAE_PLUGINS", "some_plugin_two")
    with pytest.raises(ConfigError, match="The plug-in some_plugin_two could not be imported: ZeroDivisionError"):
        load_plugins()
