"""Pairs of runs that learn the torn manifold: the same data without labels and with them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import Overview

MODELS: Final = {"plain": "torn-manifold", "conditional": "torn-manifold-conditional"}


@dataclass(frozen=True)
class Pair:
    """Two runs of one name.

    Attributes:
        name: What the names of the runs begin with.
        members: "plain" and "conditional" -> the run.
    """

    name: str
    members: dict[str, Overview]

    @property
    def title(self) -> str:
        """The names that people gave its runs, if any, and its own."""
        names = dict.fromkeys(member.about.name for member in self.members.values())
        return "  ·  ".join(filter(None, (*names, self.name)))

    @property
    def alive(self) -> bool:
        """Whether one of them trains or will."""
        return any(member.state in ALIVE for member in self.members.values())

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs of which both have a snapshot, rising."""
        found = [set(snapshot_epochs(member.run.snapshots_folder)) for member in self.members.values()]
        return tuple(sorted(set.intersection(*found)))


def pairs(found: list[Overview]) -> dict[str, Pair]:
    """The whole pairs among runs, by name, in the order of the runs."""
    by_name: dict[str, dict[str, Overview]] = {}
    for item in found:
        name, _, model = item.run.id.rpartition("-")
        if model in MODELS:
            by_name.setdefault(name, {})[model] = item
    return {
        name: Pair(name, {model: members[model] for model in MODELS})
        for name, members in by_name.items()
        if len(members) == len(MODELS)
    }


def new_pair(settings: dict[str, Any]) -> tuple[str, dict[str, RunConfig]]:
    """A new pair's name, and the name and configuration of each of its runs.

    Args:
        settings: Of both; the preset decides which of them is given the labels.

    Raises:
        ConfigError: A setting is out of range.
    """
    name = f"torn-{datetime.now():%Y%m%d-%H%M%S}"
    return name, {
        f"{name}-{model}": preset(preset_name).with_settings(settings) for model, preset_name in MODELS.items()
    }


def runs_of(pair: Pair) -> list[Run]:
    """Both runs."""
    return [member.run for member in pair.members.values()]
