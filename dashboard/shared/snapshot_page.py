"""A page over the snapshots of a run, and the epoch that its player shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.views import View
from cvae_core.config.run import RunConfig
from cvae_core.errors import CvaeError
from cvae_core.records import Dataset
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import Overview, overviews
from dashboard.cache import run_data
from dashboard.components.epoch_player import PlayerState, Timeline
from dashboard.components.manifold_player import ManifoldState
from dashboard.components.page_elements import auto_refresh
from dashboard.shared import actions, session_state
from dashboard.shared.run_progress import note_drawn, progress_bar, watch_ended
from dashboard.shared.session_state import without_links
from dashboard.shared.widgets import page_title, show_errors, snapshot_run_picker
from dashboard.streamlit_patches.pages import require_registry
from dashboard.url_state.parameters import EPOCH, PLACE, Parameter
from dashboard.url_state.session import fit_to_run, read_address, set_value, value_of, write_address

_SEEN: Final = "seen_of_players"
_SEEN_PLACES: Final = "seen_places"
_POLL_SECONDS: Final = 1.0


def timeline(context: PageContext, key: str, *views: View) -> Timeline:
    """Read what the visitor did with a player, and return its epochs and the current one.

    Args:
        context: The run.
        key: Of the player on its page.
        views: What its frames show.
    """
    epoch = shown_epoch(context, key)
    run = _name(context)
    what_is_shown = "|".join((run, key, *(view.identity for view in views)))
    follow = value_of(EPOCH) is None
    return Timeline(run, what_is_shown, context.epochs, epoch, follow, context.alive, take_over(key, run))


def shown_epoch(context: PageContext, key: str) -> int:
    """Read what the visitor did with a player, and return its epoch; the newest as long as none is chosen.

    Args:
        context: The run.
        key: Of the player on its page.
    """
    take_over(key, _name(context))
    epoch: int | None = value_of(EPOCH)
    return epoch if epoch in context.epochs else context.epochs[-1]


def _name(context: PageContext) -> str:
    return "|".join(map(str, context.key))


def take_over_place(key: str) -> None:
    """Read the point that the visitor holds on a manifold, once."""
    held = ManifoldState.parse(st.session_state.get(key)).z or ()
    seen: dict[str, tuple[float, ...]] = st.session_state.setdefault(_SEEN_PLACES, {})
    if key in seen and held != seen[key]:
        set_value(PLACE, held)
    seen[key] = held


def take_over(key: str, run: str, epoch: Parameter[int | None] = EPOCH) -> int:
    """Read the epoch that a player reports, once: it holds until another one is chosen elsewhere.

    Args:
        key: Of the player on its page.
        run: Whose epochs it shows; reports about another run are ignored.
        epoch: Parameter that takes the epoch; None is the newest.

    Returns:
        Number of the last report.
    """
    now = PlayerState.parse(st.session_state.get(key))
    seen: dict[str, PlayerState] = st.session_state.setdefault(_SEEN, {})
    before = seen.get(key, PlayerState())
    if now.run == run and now.report != before.report:
        set_value(epoch, now.epoch)
        session_state.forget_problems()
    seen[key] = now
    return now.report


@dataclass(frozen=True)
class PageContext:
    """A run with snapshots, as a page finds it.

    Attributes:
        run: The run.
        config: What it was started with.
        data: The test part of its data set.
        epochs: Those that have a snapshot, rising; at least one.
        alive: More may come.
    """

    run: Run
    config: RunConfig
    data: Dataset
    epochs: tuple[int, ...]
    alive: bool

    @cached_property
    def key(self) -> run_data.RunKey:
        """Identifies the run for the caches."""
        return run_data.run_key(self.run)

    @property
    def latent_dim(self) -> int:
        """Size of the code."""
        return self.config.model.latent_dim

    @property
    def reference_epoch(self) -> int:
        """The epoch whose principal components are the axes: the last one.

        While a run is alive, the newest up to the largest power of two, so that the axes seldom change.
        """
        newest = self.epochs[-1]
        if not self.alive:
            return newest
        return max(epoch for epoch in self.epochs if epoch <= 2 ** max(0, newest.bit_length() - 1))


Draw = Callable[[PageContext, DeltaGenerator], None]


def snapshot_page(title: str, explanation: str, parameters: Sequence[Parameter[Any]], draw: Draw) -> None:
    """Draw a page over the snapshots of the chosen run.

    Args:
        title: Of the page.
        explanation: What it shows, in a sentence or two.
        parameters: Those of the address that the page uses.
        draw: Draws the pictures, and their settings into the given row.
    """
    require_registry()
    session_state.enter_page(title)
    page_title(title)
    st.caption(explanation)
    st.fragment(_page)(parameters, draw)
    watch_ended()


@show_errors()
def _page(parameters: Sequence[Parameter[Any]], draw: Draw) -> None:
    """Everything below the title: a fragment that refreshes while the run is alive.

    It must not contain another fragment. If it is redrawn before the last drawing was sent completely, Streamlit drops
    the rest of that, but not the elements of an inner fragment, whose containers the browser then lacks.
    """
    note_drawn([])
    everything = overviews(run_data.folder())
    found = [
        item
        for item in everything
        if _learns_images(item) and (item.state in ALIVE or snapshot_epochs(item.run.snapshots_folder))
    ]
    if not found:
        _nothing_yet()
        return
    selected = session_state.selected_run() or found[0].run.id
    row = st.container(horizontal=True, gap="medium", key="view_settings")
    with row:
        snapshot_run_picker(found, selected)
    item = next((item for item in found if item.run.id == selected), None)
    if any(item.run.id == selected and not _learns_images(item) for item in everything):
        st.info("This run learns the toy data set. Choose another run above, or:", icon=":material/call_split:")
        st.page_link("pages/why.py", label="Open it on the page “Why condition?”", icon=":material/call_split:")
        return
    if item is None:
        st.warning(
            f"There is no run named “{without_links(selected)}” with snapshots. Choose one of {len(found)} above.",
            icon=":material/search_off:",
        )
        return
    session_state.select_run(selected)
    note_drawn([item])
    with show_errors():
        _pictures(item, parameters, draw, row)
    if item.state in ALIVE:
        auto_refresh("snapshot_page_refresh", _POLL_SECONDS)


def _pictures(item: Overview, parameters: Sequence[Parameter[Any]], draw: Draw, row: DeltaGenerator) -> None:
    if item.config is None:
        raise CvaeError(item.problem, item.advice)
    if item.damage:
        st.warning(without_links(item.damage), icon=":material/broken_image:")
    epochs = tuple(snapshot_epochs(item.run.snapshots_folder))
    if not epochs:
        st.caption("Pictures appear after the first snapshot.")
        return
    context = PageContext(item.run, item.config, run_data.test_data(item.config.data), epochs, item.state in ALIVE)
    if session_state.is_another_run(item.run.id) and context.alive:
        set_value(EPOCH, None)  # it was chosen for another run; an epoch in the address is read below
    problems = read_address(parameters)
    if context.alive and epochs == (0,) and value_of(EPOCH) is None:
        progress_bar(item)
        st.caption("Waiting for the first epoch.")
        return
    problems += fit_to_run(parameters, context.latent_dim, context.data, epochs)
    for problem in session_state.keep_problems(problems):
        st.warning(problem, icon=":material/link_off:")
    draw(context, row)
    write_address(parameters)


def _learns_images(item: Overview) -> bool:
    return item.config is None or not item.config.learns_points


def _nothing_yet() -> None:
    with st.container(border=True):
        if actions.is_read_only():
            st.markdown("**No trained model yet.**")
            return
        st.markdown("**No trained model yet.** Train one first. You can watch its pictures during the training.")
        if st.button("Train a model", type="primary", icon=":material/play_arrow:", help="Go to the Train page."):
            st.switch_page("pages/train.py")
