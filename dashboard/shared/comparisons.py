"""Comparisons on the toy data: two runs with the same settings, one without labels and one with labels."""

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
class Comparison:
    """Two runs with a common name.

    Attributes:
        name: The names of the runs start with it.
        members: "plain" and "conditional" -> the run.
    """

    name: str
    members: dict[str, Overview]

    @property
    def title(self) -> str:
        """The display names of its runs, if any, and its own name."""
        names = dict.fromkeys(member.about.name for member in self.members.values())
        return "  ·  ".join(filter(None, (*names, self.name)))

    @property
    def runs(self) -> list[Run]:
        """Both runs."""
        return [member.run for member in self.members.values()]

    @property
    def alive(self) -> bool:
        """Whether a run is queued, training or paused."""
        return any(member.state in ALIVE for member in self.members.values())

    @property
    def epochs(self) -> tuple[int, ...]:
        """Epochs of which both runs have a snapshot, rising."""
        return tuple(sorted(set.intersection(*(set(snapshot_epochs(run.snapshots_folder)) for run in self.runs))))


def comparisons(found: list[Overview]) -> dict[str, Comparison]:
    """The complete comparisons among runs, by name, in the order of the runs."""
    by_name: dict[str, dict[str, Overview]] = {}
    for item in found:
        name, _, model = item.run.id.rpartition("-")
        if model in MODELS:
            by_name.setdefault(name, {})[model] = item
    return {
        name: Comparison(name, {model: members[model] for model in MODELS})
        for name, members in by_name.items()
        if len(members) == len(MODELS)
    }


def new_comparison(settings: dict[str, Any]) -> tuple[str, dict[str, RunConfig]]:
    """The name of a new comparison, and the name and configuration of each run.

    Raises:
        ConfigError: A setting is out of range.
    """
    name = f"torn-{datetime.now():%Y%m%d-%H%M%S}"
    return name, {
        f"{name}-{model}": preset(preset_name).with_settings(settings) for model, preset_name in MODELS.items()
    }
