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
        name: Of the comparison: the common start of the names of its runs, or the name of one of them.
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
    """The complete comparisons among runs, by name, in the order of the runs.

    Runs that were trained together share the start of their names; other runs on toy data, such as those of the command
    line, are compared with the newest one of the same settings.
    """
    together: dict[str, dict[str, Overview]] = {}
    for item in found:
        name, _, model = item.run.id.rpartition("-")
        if model in MODELS:
            together.setdefault(name, {})[model] = item
    complete = {name: members for name, members in together.items() if len(members) == len(MODELS)}
    paired = {member.run.id for members in complete.values() for member in members.values()}
    for members in _of_same_settings([item for item in found if item.run.id not in paired]):
        complete[members["conditional"].run.id] = members
    places = {item.run.id: place for place, item in enumerate(found)}
    by_place = sorted(complete.items(), key=lambda pair: min(places[member.run.id] for member in pair[1].values()))
    return {name: Comparison(name, {model: members[model] for model in MODELS}) for name, members in by_place}


def _of_same_settings(found: list[Overview]) -> list[dict[str, Overview]]:
    """The first plain and the first conditional run of each data and training settings, where there are both."""
    groups: dict[str, dict[str, Overview]] = {}
    for item in found:
        if item.config is not None and item.config.learns_points:
            model = "conditional" if item.config.model.conditional else "plain"
            groups.setdefault(f"{item.config.data!r} {item.config.train!r}", {}).setdefault(model, item)
    return [members for members in groups.values() if len(members) == len(MODELS)]


def new_comparison(settings: dict[str, Any]) -> tuple[str, dict[str, RunConfig]]:
    """The name of a new comparison, and the name and configuration of each run.

    Raises:
        ConfigError: A setting is out of range.
    """
    name = f"torn-{datetime.now():%Y%m%d-%H%M%S}"
    return name, {
        f"{name}-{model}": preset(preset_name).with_settings(settings) for model, preset_name in MODELS.items()
    }
