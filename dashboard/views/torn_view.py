"""A pair of trainings on the torn manifold: their states, and the film of both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from cvae_core.runs.status import ALIVE, RESUMABLE
from cvae_core.runs.summary import overviews
from dashboard import actions, services, state
from dashboard.address.parameters import PAIR, PAIR_EPOCH, PAIRS
from dashboard.address.view import read_address, set_value, value_of, write_address
from dashboard.components.film import Timeline
from dashboard.components.pulse import pulse
from dashboard.components.torn_film import TornModel, torn_film
from dashboard.controls import attempt, deleted_notices, errors_shown, kept_message, state_badge
from dashboard.markdown import without_links
from dashboard.torn_pairs import Pair, pairs, runs_of
from dashboard.views.ended_run import note_drawn
from dashboard.views.film_view import take_over
from dashboard.views.housekeeping import confirm_deletion_of_both
from dashboard.views.progress_view import progress_bar
from dashboard.views.torn_frames import ground_of, torn_frame

_KEY: Final = "torn_film"
_PICKER: Final = "pair_picker"
_POLL_SECONDS: Final = 0.5
_TITLES: Final = {"plain": "Without the label", "conditional": "With the label"}


def torn_view() -> None:
    """Draw the newest pair, or the one in the address."""
    st.fragment(_pair_view)()


@errors_shown()
def _pair_view() -> None:
    for problem in state.keep_problems(read_address(PAIRS)):
        st.warning(problem, icon=":material/link_off:")
    kept_message()
    deleted_notices()
    note_drawn([])
    found = pairs(overviews(services.folder()))
    if not found:
        with st.container(border=True):
            advice = "Press *Train both* above and watch the bridge being built."
            st.markdown("**Nothing trained yet.** " + ("" if actions.is_read_only() else advice))
        return
    pair = _chosen_pair(found)
    if pair is None:
        return
    note_drawn(list(pair.members.values()))
    _head(pair)
    with errors_shown():
        _film(pair)
    write_address(PAIRS)
    if pair.alive:
        pulse("torn_pulse", _POLL_SECONDS)


def _chosen_pair(found: dict[str, Pair]) -> Pair | None:
    wanted = value_of(PAIR) or next(iter(found))
    if len(found) > 1 or wanted not in found:
        texts = {name: pair.title for name, pair in found.items()}
        shown = wanted if wanted in found else None
        st.selectbox(
            "Pair of trainings",
            list(found),
            None if shown is None else list(found).index(shown),
            key=state.key_of_choice(_PICKER, shown, texts),
            format_func=lambda name: texts.get(name, name),
            on_change=lambda: _show(state.chosen_value(_PICKER)),
            placeholder="Choose a pair",
            width=320,
            help="Earlier pairs are kept like all runs.",
        )
    if wanted not in found:
        st.warning(
            f"There is no pair named “{without_links(wanted)}”. Choose another above.", icon=":material/search_off:"
        )
        return None
    set_value(PAIR, wanted)
    return found[wanted]


def _show(name: str) -> None:
    set_value(PAIR, name)
    set_value(PAIR_EPOCH, None)
    state.forget_problems()


def _head(pair: Pair) -> None:
    """The states of both, what can be done with them, and how far they are."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        for model, member in pair.members.items():
            # Beside each other on the narrowest screen.
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                st.markdown(_TITLES[model], width="content")
                state_badge(member.state)
        if not actions.is_read_only():
            _pair_buttons(pair)
    for column, member in zip(st.columns(len(pair.members)), pair.members.values(), strict=True):
        with column:
            progress_bar(member)
            if member.problem:
                st.error(without_links(f"{member.problem} {member.advice}"), icon=":material/error:")
            if member.damage:
                st.warning(without_links(member.damage), icon=":material/broken_image:")


def _pair_buttons(pair: Pair) -> None:
    states = [member.state for member in pair.members.values()]
    if pair.alive:
        _button(
            "Stop both",
            "stop",
            "End both after the step under way and keep what was learnt.",
            pair,
            actions.stop,
            ALIVE,
        )
        return
    if any(of in RESUMABLE for of in states):
        _button("Resume both", "resume", "Go on from where they were.", pair, actions.resume, RESUMABLE)
    if st.button("Delete both", icon=":material/delete:", help="Delete both runs, after a question."):
        confirm_deletion_of_both(runs_of(pair), lambda: _show(""))


def _button(
    label: str, icon: str, explanation: str, pair: Pair, act: Callable[..., None], where: frozenset[str]
) -> None:
    """A press does something to each run whose state is one of ``where``."""
    runs = [member.run for member in pair.members.values() if member.state in where]
    st.button(label, icon=f":material/{icon}:", help=explanation, on_click=attempt, args=(act, *runs))


def _film(pair: Pair) -> None:
    epochs = pair.epochs
    if not epochs:
        waits = "The pictures begin with the first snapshots."
        st.caption(waits if pair.alive else "There is no epoch of which both runs have a snapshot.")
        return
    keys = {model: services.run_key(member.run) for model, member in pair.members.items()}
    torn_film(
        _KEY,
        _timeline(pair, epochs),
        [_model(name) for name in pair.members],
        ground_of(keys["plain"]),
        lambda epoch: {model: torn_frame(key, epoch) for model, key in keys.items()},
    )


def _model(name: str) -> TornModel:
    title = _TITLES[name]
    return TornModel(name, title, f"What the autoencoder {title.lower()} makes of the data.", f"{name}.png")


def _tell(problem: str) -> None:
    """Show what is wrong with the address, unless it stands above already."""
    if problem not in state.keep_problems([]):
        state.keep_problems([problem])
        st.warning(problem, icon=":material/link_off:")


def _timeline(pair: Pair, epochs: tuple[int, ...]) -> Timeline:
    run = "|".join(str(services.run_key(of)) for of in runs_of(pair))
    report = take_over(_KEY, run, PAIR_EPOCH)
    wanted = value_of(PAIR_EPOCH)
    epoch = epochs[-1] if wanted is None else min(epochs, key=lambda epoch: abs(epoch - wanted))
    if wanted is not None and epoch != wanted:
        set_value(PAIR_EPOCH, epoch)
        _tell(f"There are no snapshots of epoch {wanted:,}; the nearest are shown, of epoch {epoch:,}.")
    return Timeline(run, run, epochs, epoch, wanted is None, pair.alive, report)
