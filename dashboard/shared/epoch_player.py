"""Between a view and its film: where the film stands, and what was done with it."""

from __future__ import annotations

from typing import Final

import streamlit as st

from cvae_core.analysis.views import View
from dashboard.components.epoch_player import FilmState, Timeline
from dashboard.components.manifold_player import ManifoldState
from dashboard.shared import session_state
from dashboard.shared.snapshot_page import PageContext
from dashboard.url_state.parameters import EPOCH, PLACE, Parameter
from dashboard.url_state.session import set_value, value_of

_SEEN: Final = "seen_of_films"
_SEEN_PLACES: Final = "seen_places"


def timeline(scene: PageContext, key: str, *views: View) -> Timeline:
    """Take over what was done with a film, and say where it stands.

    Args:
        scene: The run.
        key: Of the film on its page.
        views: What its frames show.
    """
    epoch = shown_epoch(scene, key)
    run = _name(scene)
    what_is_shown = "|".join((run, key, *(view.identity for view in views)))
    follow = value_of(EPOCH) is None
    return Timeline(run, what_is_shown, scene.epochs, epoch, follow, scene.alive, take_over(key, run))


def shown_epoch(scene: PageContext, key: str) -> int:
    """Take over what was done with a film, for those who need its epoch before they know what it shows.

    That is the newest as long as nobody chose one; it is not kept, so that the newest is followed while a run lives.

    Args:
        scene: The run.
        key: Of the film on its page.
    """
    take_over(key, _name(scene))
    epoch: int | None = value_of(EPOCH)
    return epoch if epoch in scene.epochs else scene.epochs[-1]


def _name(scene: PageContext) -> str:
    return "|".join(map(str, scene.key))


def take_over_place(key: str) -> None:
    """Take over the place that is held on a manifold, once."""
    held = ManifoldState.parse(st.session_state.get(key)).z or ()
    seen: dict[str, tuple[float, ...]] = st.session_state.setdefault(_SEEN_PLACES, {})
    if key in seen and held != seen[key]:
        set_value(PLACE, held)
    seen[key] = held


def take_over(key: str, run: str, epoch: Parameter[int | None] = EPOCH) -> int:
    """Take over where a film was left.

    A value that it reported holds until another is chosen elsewhere, so it is looked at only when it is new.

    Args:
        key: Of the film on its page.
        run: Whose epochs it shows; a report on another run is passed over.
        epoch: What the epoch goes into; None is the newest.

    Returns:
        The number of the last report of an epoch.
    """
    now = FilmState.parse(st.session_state.get(key))
    seen: dict[str, FilmState] = st.session_state.setdefault(_SEEN, {})
    before = seen.get(key, FilmState())
    if now.run == run and now.report != before.report:
        set_value(epoch, now.epoch)
        session_state.forget_problems()
    seen[key] = now
    return now.report
