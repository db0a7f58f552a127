"""Registries of things that can be added from outside (data sets, likelihoods, ...), and the loading of plug-ins."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from importlib.metadata import entry_points
from typing import Final, Generic, TypeVar

from cvae_core.errors import ConfigError, CvaeError

PLUGINS_VARIABLE: Final = "CVAE_PLUGINS"
ENTRY_POINTS: Final = "cvae_core.plugins"
_T = TypeVar("_T")


class Registry(Generic[_T]):
    """Entries by name, in the order in which they were registered.

    Args:
        what: One entry in words, as it stands in an error: "data set", "likelihood", ...
        error: What ``get`` raises.
    """

    def __init__(self, what: str, error: type[CvaeError] = ConfigError) -> None:
        self._what = what
        self._error = error
        self._entries: dict[str, _T] = {}

    def register(self, name: str, entry: _T) -> _T:
        """Add an entry. The same entry may be registered again, as when a module is reloaded.

        Raises:
            ConfigError: Another entry has that name.
        """
        if self._entries.setdefault(name, entry) != entry:
            raise ConfigError(f"There is already a {self._what} named {name!r}.", "Choose another name.")
        return entry

    def get(self, name: str) -> _T:
        """The entry of a name.

        Raises:
            CvaeError: There is none; the text lists the names.
        """
        if name not in self._entries:
            known = f"The {self._what}s are: {', '.join(self._entries)}."
            raise self._error(
                f"There is no {self._what} {name!r}.", f"{known} CVAE_PLUGINS names modules that add more."
            )
        return self._entries[name]

    def names(self) -> tuple[str, ...]:
        """All names, in order of registration."""
        return tuple(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[_T]:
        return iter(self._entries.values())


def load_plugins() -> None:
    """Import the modules that ``CVAE_PLUGINS`` names, comma-separated, and those of installed packages.

    A package names its module as an entry point of the group ``cvae_core.plugins``. Each module registers what it
    adds when it is imported. Every process calls this once at its start.

    Raises:
        ConfigError: A module cannot be imported.
    """
    for name in filter(None, map(str.strip, os.environ.get(PLUGINS_VARIABLE, "").split(","))):
        _load(name, f"Check the environment variable {PLUGINS_VARIABLE}, or remove the module from it.")
    for entry in entry_points(group=ENTRY_POINTS):
        _load(entry.module, f"Update or uninstall the package {entry.dist.name if entry.dist else entry.name}.")


def _load(module: str, advice: str) -> None:
    try:
        import_module(module)
    except Exception as error:  # the module's own code may raise anything
        reason = error.problem if isinstance(error, CvaeError) else f"{type(error).__name__}: {error}"
        raise ConfigError(f"The plug-in {module} could not be imported: {reason}", advice) from error
