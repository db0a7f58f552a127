"""What a film of the torn manifold is sent: the data, and what a run's network makes of them after an epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, cast

import numpy as np
import streamlit as st

from cvae_core.analysis.toy import ToyView
from cvae_core.config.presets import preset
from cvae_core.config.run import ToyDataConfig
from cvae_core.data import load_test_data
from cvae_core.data.toy import true_curves
from cvae_core.errors import CvaeError
from cvae_core.runs.status import ALIVE, RESUMABLE
from cvae_core.runs.summary import overviews
from dashboard.cache import networks, run_data
from dashboard.components.epoch_player import Timeline
from dashboard.components.page_elements import auto_refresh
from dashboard.components.toy_player import TornGround, TornModel, torn_film, torn_ground
from dashboard.sections.manage_runs import confirm_deletion_of_both
from dashboard.sections.training_form import setting_widget
from dashboard.shared import actions, session_state
from dashboard.shared.pairs import MODELS, Pair, pairs, runs_of
from dashboard.shared.run_progress import note_drawn, progress_bar
from dashboard.shared.session_state import without_links
from dashboard.shared.snapshot_page import take_over
from dashboard.shared.widgets import attempt, deleted_notices, show_errors, show_limits, show_message, state_badge
from dashboard.url_state.parameters import PAIR, PAIR_EPOCH, PAIRS
from dashboard.url_state.session import read_address, set_value, value_of, write_address


@st.cache_resource(max_entries=8, show_spinner=False)
def ground_of_data(config: ToyDataConfig) -> TornGround:
    """The noisy test points that settings give, and the curves that they lie about."""
    data = load_test_data(config)
    points = data.test.images.reshape(-1, 2).astype(np.float32)
    return TornGround(points, data.test.labels, true_curves(config), data.class_names, config.noise)


def _data_config(key: run_data.RunKey) -> ToyDataConfig:
    return cast("ToyDataConfig", run_data.run_config(key).data)


_PRESET: Final = MODELS["plain"]
_SHOWN: Final = {
    "data": ("noise", "points", "distance", "pieces", "data_seed"),
    "model": ("latent_dim", "label_code"),
    "train": ("epochs", "learning_rate", "batch_size", "seed"),
}
_SECTION_TITLES: Final = {"data": "Data", "model": "Models", "train": "Training"}


def torn_form() -> None:
    """Draw the settings and the button; starting a pair shows it."""
    show_limits()
    with st.expander("Settings", icon=":material/tune:") as panel:
        settings: dict[str, Any] = {}
        for section, names in _SHOWN.items():
            st.markdown(f"**{_SECTION_TITLES[section]}**")
            settings |= _row(section, names)
    st.button(
        "Train both",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(settings,),
        help="Train an autoencoder without labels and one with them, side by side.",
    )
    refused = show_message()
    # The data stand where the eye is: on the page until there is something else to look at.
    is_first = not pairs(overviews(run_data.folder()))
    with st.container() if is_first else panel:
        _preview(settings, refused)


def _preview(settings: dict[str, Any], refused: str | None) -> None:
    """The data that these settings give, or what is wrong with the settings, unless ``refused`` has said so."""
    try:
        config = preset(_PRESET).with_settings(settings).data
    except CvaeError as error:
        if error.on_page != refused:
            st.warning(without_links(error.on_page), icon=":material/tune:")
        return
    ground = ground_of_data(cast("ToyDataConfig", config))
    caption = f"Noisy points about their true curves, a colour for each label: {_listed(ground.names)}."
    torn_ground(ground, "torn_ground", "What is to be learnt", caption)


def _listed(names: tuple[str, ...]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _row(section: str, names: tuple[str, ...]) -> dict[str, Any]:
    values = getattr(preset(_PRESET), section)
    chosen: dict[str, Any] = {}
    for name, column in zip(
        names, st.columns(max(map(len, _SHOWN.values())), vertical_alignment="bottom"), strict=False
    ):
        with column:
            chosen[name] = setting_widget(_PRESET, section, name, getattr(values, name), kind="autoencoder")
    return chosen


def _start(settings: dict[str, Any]) -> None:
    try:
        name = actions.start_pair(settings)
    except CvaeError as error:
        session_state.keep_message(error)
        return
    set_value(PAIR, name)
    set_value(PAIR_EPOCH, None)


_KEY: Final = "torn_film"
_PICKER: Final = "pair_picker"
_POLL_SECONDS: Final = 0.5
_TITLES: Final = {"plain": "Without the label", "conditional": "With the label"}


def torn_view() -> None:
    """Draw the newest pair, or the one in the address."""
    st.fragment(_pair_view)()


@show_errors()
def _pair_view() -> None:
    for problem in session_state.keep_problems(read_address(PAIRS)):
        st.warning(problem, icon=":material/link_off:")
    show_message()
    deleted_notices()
    note_drawn([])
    found = pairs(overviews(run_data.folder()))
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
    with show_errors():
        _film(pair)
    write_address(PAIRS)
    if pair.alive:
        auto_refresh("toy_refresh", _POLL_SECONDS)


def _chosen_pair(found: dict[str, Pair]) -> Pair | None:
    wanted = value_of(PAIR) or next(iter(found))
    if len(found) > 1 or wanted not in found:
        texts = {name: pair.title for name, pair in found.items()}
        shown = wanted if wanted in found else None
        st.selectbox(
            "Pair of trainings",
            list(found),
            None if shown is None else list(found).index(shown),
            key=session_state.key_of_choice(_PICKER, shown, texts),
            format_func=lambda name: texts.get(name, name),
            on_change=lambda: _show(session_state.chosen_value(_PICKER)),
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
    session_state.forget_problems()


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
    if st.button("Delete both", icon=":material/delete:", help="Delete both runs. Asks for confirmation."):
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
    keys = {model: run_data.run_key(member.run) for model, member in pair.members.items()}
    views = {model: ToyView(data=_data_config(key)) for model, key in keys.items()}
    torn_film(
        _KEY,
        _timeline(pair, epochs),
        [_model(name) for name in pair.members],
        ground_of_data(_data_config(keys["plain"])),
        lambda epoch: {model: networks.record(key, epoch, views[model]) for model, key in keys.items()},
    )


def _model(name: str) -> TornModel:
    title = _TITLES[name]
    return TornModel(name, title, f"What the autoencoder {title.lower()} makes of the data.", f"{name}.png")


def _tell(problem: str) -> None:
    """Show what is wrong with the address, unless it stands above already."""
    if problem not in session_state.keep_problems([]):
        session_state.keep_problems([problem])
        st.warning(problem, icon=":material/link_off:")


def _timeline(pair: Pair, epochs: tuple[int, ...]) -> Timeline:
    run = "|".join(str(run_data.run_key(of)) for of in runs_of(pair))
    report = take_over(_KEY, run, PAIR_EPOCH)
    wanted = value_of(PAIR_EPOCH)
    epoch = epochs[-1] if wanted is None else min(epochs, key=lambda epoch: abs(epoch - wanted))
    if wanted is not None and epoch != wanted:
        set_value(PAIR_EPOCH, epoch)
        _tell(f"There are no snapshots of epoch {wanted:,}; the nearest are shown, of epoch {epoch:,}.")
    return Timeline(run, run, epochs, epoch, wanted is None, pair.alive, report)
