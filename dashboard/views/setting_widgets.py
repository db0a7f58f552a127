"""A widget for a setting, made from what the configuration says of it: its type, its bounds, its explanation."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from cvae_core.config.run import SECTIONS_OF
from dashboard import state


def setting_widget(preset: str, section: str, name: str, value: Any, kind: str = "cvae") -> Any:
    """Draw the widget of a setting.

    Args:
        preset: The preset that the value comes from; each preset keeps its own changes.
        section: "data", "model" or "train".
        name: The setting.
        value: What it is to begin with.
        kind: Of the model, which decides what settings a section has.

    Returns:
        What the person chose, for ``RunConfig.with_settings`` to validate.
    """
    field = SECTIONS_OF[kind][section].model_fields[name]
    options: dict[str, Any] = {
        "label": field.title or name,
        "help": _help(name, field),
        "key": f"{state.SETTING_PREFIX}{preset}_{name}",
        "persist_state": "session",
    }
    if isinstance(value, bool):
        return st.toggle(value=value, **options)
    if get_origin(field.annotation) is Literal:
        choices = list(get_args(field.annotation))
        return st.selectbox(options=choices, index=choices.index(value), **options)
    if isinstance(value, tuple):
        return st.text_input(value=", ".join(map(str, value)), **options)
    return _number(value, options)


def _number(value: float | None, options: dict[str, Any]) -> Any:
    """Without limits: a field beyond its own would show what was typed and hand over what it held before."""
    if isinstance(value, float):
        return st.number_input(value=value, step=_step(value), format="%g", **options)
    return st.number_input(value=value, step=1, placeholder="all", **options)


def _step(value: float) -> float:
    """What a press on plus or minus changes: about a tenth of the value."""
    return 10.0 ** (math.floor(math.log10(value)) - 1) if value > 0 else 0.05


def _help(name: str, field: FieldInfo) -> str:
    """What the setting does, where to read on, and its name on the command line."""
    extra = field.json_schema_extra
    link = extra["link"] if isinstance(extra, dict) else ""
    return f"{field.description} [Read more]({link}). On the command line: `{name}`."
