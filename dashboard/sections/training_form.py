"""The form of a new training, and the widget of a setting, made from the setting's field in the configuration."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final, Literal, get_args, get_origin

import streamlit as st

from cvae_core.config.presets import preset
from cvae_core.config.run import SECTIONS, SECTIONS_OF
from cvae_core.data import dataset_names, dataset_title
from cvae_core.errors import CvaeError, StorageError
from cvae_core.likelihoods import likelihood_names
from cvae_core.runs.summary import Overview
from cvae_core.workers.quotas import measured_seconds, time_words, training_cost
from dashboard.shared import actions, session_state
from dashboard.shared.session_state import without_links
from dashboard.shared.widgets import show_limits


def setting_widget(preset: str, section: str, name: str, value: Any, kind: str = "cvae") -> Any:
    """Draw the widget of a setting.

    Args:
        preset: The current preset; each preset keeps its own changes.
        section: "data", "model" or "train".
        name: The setting.
        value: The initial value.
        kind: Of the model, which decides the settings of a section.

    Returns:
        The chosen value, for ``RunConfig.with_settings`` to validate.
    """
    field = SECTIONS_OF.get(kind)[section].model_fields[name]
    extra = field.json_schema_extra
    link = extra["link"] if isinstance(extra, dict) else ""
    options: dict[str, Any] = {
        "label": field.title or name,
        "help": f"{field.description} [Read more]({link}). On the command line: `{name}`.",
        "key": f"{session_state.SETTING_PREFIX}{preset}_{name}",
        "persist_state": "session",
    }
    if isinstance(value, bool):
        return st.toggle(value=value, **options)
    choices = list(likelihood_names() if name == "likelihood" else get_args(field.annotation))
    if name == "likelihood" or get_origin(field.annotation) is Literal:
        return st.selectbox(options=choices, index=choices.index(value), **options)
    if isinstance(value, tuple):
        return st.text_input(value=", ".join(map(str, value)), **options)
    # Number fields have no limits: beyond a limit they would show the typed number but return the one before.
    if isinstance(value, float):
        step = 10.0 ** (math.floor(math.log10(value)) - 1) if value > 0 else 0.05  # about a tenth of the value
        return st.number_input(value=value, step=step, format="%g", **options)
    return st.number_input(value=value, step=1, placeholder="all", **options)


_PRESET_WORDS: Final = {
    "quick": "Good results in about half a minute on two cores. Start with this preset.",
    "recommended": "The best model within five minutes on two cores.",
    "tutorial": "The network and the 1,000 epochs of the tutorial, unchanged. You can stop it at any time.",
}
_SECTION_TITLES: Final = {"model": "Model", "train": "Training", "data": "Data"}
_OUTSIDE: Final = {"dataset", "kind"}
_COLUMNS: Final = 3


def training_form(found: Sequence[Overview]) -> None:
    """Draw the form; starting a run selects it.

    Args:
        found: Earlier runs, newest first; similar ones give the expected duration.
    """
    show_limits()
    left, right = st.columns(2, gap="medium")
    with left:
        dataset = _dataset_picker()
    with right:
        chosen = _preset_picker()
    settings = _all_settings(chosen) | {"dataset": dataset}
    name = st.text_input(
        "Name (optional)",
        key=session_state.RUN_NAME,
        placeholder="Default: date and preset",
        help="Name of the run and of its folder. Allowed: letters, digits, '-', '_' and single dots.",
    )
    refused = session_state.take_message()
    is_shown, force = _cost(chosen, settings, found, refused)
    st.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_start,
        args=(chosen, settings, name.strip() or None, force),
        help="Start training in a separate process. It continues if you close this page.",
    )
    if refused and not is_shown:  # below the form: above it would push the form down and close its settings
        st.error(without_links(refused), icon=":material/error:")


def _dataset_picker() -> str:
    chosen = st.selectbox(
        "Data set",
        dataset_names(),
        format_func=dataset_title,
        key=session_state.DATASET,
        persist_state="session",
        help="MNIST is included. Fashion-MNIST is downloaded when you first train on it.",
    )
    return str(chosen)


def _preset_picker() -> str:
    chosen = st.segmented_control(
        "Preset",
        list(_PRESET_WORDS),
        default="quick",
        required=True,
        key=session_state.PRESET,
        persist_state="session",
        help="Settings that work well together. You can change each of them below.",
    )
    name = str(chosen or "quick")
    st.caption(_PRESET_WORDS[name])
    return name


def _all_settings(chosen: str) -> dict[str, Any]:
    """A widget for each setting; the initial values are those of the preset."""
    values: dict[str, Any] = {}
    with st.expander("All settings", icon=":material/tune:"):
        for section, title in _SECTION_TITLES.items():
            st.markdown(f"**{title}**")
            names = [name for name in SECTIONS[section].model_fields if name not in _OUTSIDE]
            for first in range(0, len(names), _COLUMNS):
                values |= _row(chosen, section, names[first : first + _COLUMNS])
    return values


def _row(chosen: str, section: str, names: list[str]) -> dict[str, Any]:
    """A few settings side by side, their fields on one line."""
    settings = getattr(preset(chosen), section)
    values: dict[str, Any] = {}
    columns = st.columns(_COLUMNS, gap="medium", vertical_alignment="bottom")
    for name, column in zip(names, columns, strict=False):
        with column:
            values[name] = setting_widget(chosen, section, name, getattr(settings, name))
    return values


def _cost(chosen: str, settings: dict[str, Any], found: Sequence[Overview], refused: str | None) -> tuple[bool, bool]:
    """Show the cost of the training, or why it cannot start.

    Args:
        chosen: The preset.
        settings: All settings.
        found: Earlier runs.
        refused: Error of the last click on the button, if any.

    Returns:
        Whether ``refused`` is shown here, and whether to start although the memory is too small.
    """
    try:
        config = preset(chosen).with_settings(settings)
        cost = training_cost(config)
    except CvaeError as error:
        return _problem(error, "tune", refused), False
    st.caption(f":material/memory: {cost.to_words()}, {time_words(measured_seconds(config, found))}.")
    try:
        actions.check_fits([config])
    except StorageError as error:
        return _problem(error, "hard_drive", refused), False
    except CvaeError as error:
        is_shown = _problem(error, "memory_alt", refused)
        return is_shown, actions.may_force() and st.checkbox(actions.FORCE_LABEL, key=session_state.FORCE)
    return False, False


def _problem(error: CvaeError, icon: str, refused: str | None) -> bool:
    """Warn of a problem, or show it as an error if the last click failed with it; returns whether it did."""
    was_refused = error.on_page == refused
    show = st.error if was_refused else st.warning
    show(without_links(error.on_page), icon=f":material/{icon}:")
    return was_refused


def _start(chosen: str, settings: dict[str, Any], name: str | None, force: bool) -> None:
    try:
        run = actions.start(preset(chosen).with_settings(settings), name, force)
    except CvaeError as error:
        session_state.keep_message(error)
        return
    session_state.select_run(run.id)
