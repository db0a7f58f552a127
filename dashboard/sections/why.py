"""The toy data, and their reconstructions by an autoencoder without labels and one with labels."""

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
from dashboard.components.toy_player import ToyData, ToyModel, toy_data, toy_player
from dashboard.sections.manage_runs import confirm_deletion_of_both
from dashboard.sections.training_form import setting_widget
from dashboard.shared import actions, session_state
from dashboard.shared.comparisons import MODELS, Comparison, comparisons
from dashboard.shared.run_progress import note_drawn, progress_bar
from dashboard.shared.session_state import without_links
from dashboard.shared.snapshot_page import take_over
from dashboard.shared.widgets import attempt, deleted_notices, show_errors, show_limits, show_message, state_badge
from dashboard.url_state.parameters import PAIR, PAIR_EPOCH, PAIRS
from dashboard.url_state.session import read_address, set_value, value_of, write_address

_PRESET: Final = MODELS["plain"]
_SETTINGS: Final = {
    ("data", "Data"): ("noise", "points", "distance", "pieces", "data_seed"),
    ("model", "Models"): ("latent_dim", "label_code"),
    ("train", "Training"): ("epochs", "learning_rate", "batch_size", "seed"),
}
_KEY: Final = "toy_player"
_PICKER: Final = "comparison_picker"
_POLL_SECONDS: Final = 0.5
_TITLES: Final = {"plain": "Without labels", "conditional": "With labels"}


@st.cache_resource(max_entries=8, show_spinner=False)
def _toy_data(config: ToyDataConfig) -> ToyData:
    """The noisy test points and the true curves."""
    data = load_test_data(config)
    points = data.test.images.reshape(-1, 2).astype(np.float32)
    return ToyData(points, data.test.labels, true_curves(config), data.class_names, config.noise)


def toy_form() -> None:
    """Draw the settings and the button that trains both autoencoders."""
    show_limits()
    with st.expander("Settings", icon=":material/tune:") as panel:
        settings: dict[str, Any] = {}
        for (section, title), names in _SETTINGS.items():
            st.markdown(f"**{title}**")
            defaults = getattr(preset(_PRESET), section)
            columns = st.columns(max(map(len, _SETTINGS.values())), vertical_alignment="bottom")
            for name, column in zip(names, columns, strict=False):
                with column:
                    value = getattr(defaults, name)
                    settings[name] = setting_widget(_PRESET, section, name, value, kind="autoencoder")
    st.button(
        "Train both",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(settings,),
        help="Train two autoencoders at the same time: one without labels, one with labels.",
    )
    refused = show_message()
    # Without any comparison the data are the only picture, so they stand outside the closed panel.
    with panel if comparisons(overviews(run_data.folder())) else st.container():
        _preview(settings, refused)


def _preview(settings: dict[str, Any], refused: str | None) -> None:
    """The data of these settings, or what is wrong with them, unless the message ``refused`` has said so."""
    try:
        data = _toy_data(cast("ToyDataConfig", preset(_PRESET).with_settings(settings).data))
    except CvaeError as error:
        if error.on_page != refused:
            st.warning(without_links(error.on_page), icon=":material/tune:")
        return
    *first, last = data.names
    names = f"{', '.join(first)} and {last}" if first else last
    toy_data(data, "toy_data", "Training data", f"Noisy points and their true curves, a colour per label: {names}.")


def _start(settings: dict[str, Any]) -> None:
    try:
        _show(actions.start_comparison(settings))
    except CvaeError as error:
        session_state.keep_message(error)


def _show(name: str) -> None:
    """Show another comparison; the newest for an empty name."""
    set_value(PAIR, name)
    set_value(PAIR_EPOCH, None)
    session_state.forget_problems()


def toy_view() -> None:
    """Draw the newest comparison, or the one in the address."""
    st.fragment(_comparison_view)()


@show_errors()
def _comparison_view() -> None:
    for problem in session_state.keep_problems(read_address(PAIRS)):
        st.warning(problem, icon=":material/link_off:")
    show_message()
    deleted_notices()
    note_drawn([])
    found = comparisons(overviews(run_data.folder()))
    if not found:
        with st.container(border=True):
            advice = "Press *Train both* above and watch how the bridge appears."
            st.markdown("**Nothing trained yet.** " + ("" if actions.is_read_only() else advice))
        return
    wanted = value_of(PAIR) or next(iter(found))
    shown = found.get(wanted)
    if len(found) > 1 or shown is None:
        _picker(found, wanted if shown else None)
    if shown is None:
        st.warning(
            f"There is no comparison named “{without_links(wanted)}”. Choose another above.",
            icon=":material/search_off:",
        )
        return
    set_value(PAIR, wanted)
    note_drawn(list(shown.members.values()))
    _head(shown)
    with show_errors():
        _player(shown)
    write_address(PAIRS)
    if shown.alive:
        auto_refresh("toy_refresh", _POLL_SECONDS)


def _picker(found: dict[str, Comparison], shown: str | None) -> None:
    texts = {name: item.title for name, item in found.items()}
    st.selectbox(
        "Comparison",
        list(found),
        None if shown is None else list(found).index(shown),
        key=session_state.key_of_choice(_PICKER, shown, texts),
        format_func=lambda name: texts.get(name, name),
        on_change=lambda: _show(session_state.chosen_value(_PICKER)),
        placeholder="Choose a comparison",
        width=320,
        help="Two runs with the same settings, without and with labels.",
    )


def _head(shown: Comparison) -> None:
    """The states of both runs, their buttons and their progress."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        for model, member in shown.members.items():
            # A container of each keeps title and state together on a narrow screen.
            with st.container(horizontal=True, vertical_alignment="center", gap="small", width="content"):
                st.markdown(_TITLES[model], width="content")
                state_badge(member.state)
        if not actions.is_read_only():
            _buttons(shown)
    for column, member in zip(st.columns(len(shown.members)), shown.members.values(), strict=True):
        with column:
            progress_bar(member)
            if member.problem:
                st.error(without_links(f"{member.problem} {member.advice}"), icon=":material/error:")
            if member.damage:
                st.warning(without_links(member.damage), icon=":material/broken_image:")


def _buttons(shown: Comparison) -> None:
    def button(label: str, icon: str, explanation: str, act: Callable[..., None], states: frozenset[str]) -> None:
        runs = [member.run for member in shown.members.values() if member.state in states]
        st.button(label, icon=f":material/{icon}:", help=explanation, on_click=attempt, args=(act, *runs))

    if shown.alive:
        words = "Stop both after the current step and keep what was learnt. You can resume them later."
        button("Stop both", "stop", words, actions.stop, ALIVE)
        return
    if any(member.state in RESUMABLE for member in shown.members.values()):
        words = "Continue both from their newest checkpoints."
        button("Resume both", "resume", words, actions.resume, RESUMABLE)
    if st.button("Delete both", icon=":material/delete:", help="Delete both runs. Asks for confirmation."):
        confirm_deletion_of_both(shown.runs, lambda: _show(""))


def _player(shown: Comparison) -> None:
    epochs = shown.epochs
    if not epochs:
        waits = "Pictures appear after the first snapshots."
        st.caption(waits if shown.alive else "There is no epoch of which both runs have a snapshot.")
        return
    keys = {model: run_data.run_key(member.run) for model, member in shown.members.items()}
    data = {model: cast("ToyDataConfig", run_data.run_config(key).data) for model, key in keys.items()}
    models = [
        ToyModel(model, _TITLES[model], f"Autoencoder {_TITLES[model].lower()}: reconstructions.", f"{model}.png")
        for model in keys
    ]
    toy_player(
        _KEY,
        _timeline(shown, epochs),
        models,
        _toy_data(data["plain"]),
        lambda epoch: {model: networks.record(key, epoch, ToyView(data=data[model])) for model, key in keys.items()},
    )


def _timeline(shown: Comparison, epochs: tuple[int, ...]) -> Timeline:
    identity = "|".join(str(run_data.run_key(run)) for run in shown.runs)
    report = take_over(_KEY, identity, PAIR_EPOCH)
    wanted = value_of(PAIR_EPOCH)
    epoch = epochs[-1] if wanted is None else min(epochs, key=lambda epoch: abs(epoch - wanted))
    if wanted is not None and epoch != wanted:
        set_value(PAIR_EPOCH, epoch)
        problem = f"There are no snapshots of epoch {wanted:,}; the nearest, of epoch {epoch:,}, are shown."
        if problem not in session_state.keep_problems([]):  # those stand above already
            session_state.keep_problems([problem])
            st.warning(problem, icon=":material/link_off:")
    return Timeline(identity, identity, epochs, epoch, wanted is None, shown.alive, report)
