"""Widgets for the values of a view: each shows the current value, and sets it when the visitor chooses another.

The value is the widget's default, under a key that changes with the value; see ``session_state.key_of_choice``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import streamlit as st

from dashboard.shared import session_state
from dashboard.url_state.parameters import LABEL, Parameter
from dashboard.url_state.session import set_value, value_of

T = TypeVar("T")
ALL: Final = "All"
_MOST_BUTTONS: Final = 12


def label_choice(class_names: Sequence[str], *, with_all: bool) -> int | None:
    """Choose a label, or all of them.

    Args:
        class_names: One for each label.
        with_all: Whether "All" is an option; otherwise the first label replaces it.

    Returns:
        The label, or None for all.
    """
    texts = ({-1: ALL} if with_all else {}) | dict(enumerate(class_names))
    options = list(texts)
    value = value_of(LABEL)
    shown = options[0] if value is None or value not in options else value
    arguments: dict[str, Any] = {
        "format_func": texts.__getitem__,
        "key": session_state.key_of_choice(LABEL.name, shown, texts),
        "on_change": _chosen(LABEL, lambda label: None if label < 0 else label),
        "help": "Label to show.",
    }
    if len(options) <= _MOST_BUTTONS:
        st.segmented_control("Label", options, default=shown, required=True, wrap=True, **arguments)
    else:
        st.selectbox("Label", options, options.index(shown), **arguments)
    return None if shown < 0 else shown


def option_choice(parameter: Parameter[str], title: str, words: dict[str, str], explanation: str) -> str:
    """Choose one of a few options; ``words`` maps each value to its text, ``explanation`` is the widget's help."""
    st.segmented_control(
        title,
        list(words),
        default=value_of(parameter),
        format_func=words.__getitem__,
        required=True,
        wrap=True,
        key=session_state.key_of_choice(parameter.name, value_of(parameter), words),
        on_change=_chosen(parameter, str),
        help=explanation,
    )
    return value_of(parameter)


def switch_choice(parameter: Parameter[str], title: str, explanation: str) -> bool:
    """Choose "yes" or "no" with a switch."""
    st.toggle(
        title,
        value_of(parameter) == "yes",
        key=_shown(parameter, value_of(parameter) == "yes"),
        on_change=_chosen(parameter, lambda on: "yes" if on else "no"),
        help=explanation,
    )
    return value_of(parameter) == "yes"


def dimension_choice(parameter: Parameter[int], title: str, latent_dim: int, other: Parameter[int]) -> int:
    """Choose the latent dimension of an axis, not that of the other axis; returns it counted from 0."""
    texts = {dimension: f"z{dimension}" for dimension in range(1, latent_dim + 1) if dimension != value_of(other)}
    st.selectbox(
        title,
        list(texts),
        list(texts).index(value_of(parameter)),
        format_func=texts.__getitem__,
        key=session_state.key_of_choice(parameter.name, value_of(parameter), texts),
        on_change=_chosen(parameter, int),
        width=84,
        help="The latent dimension along this axis.",
    )
    return value_of(parameter) - 1


def whole_number_choice(parameter: Parameter[int], title: str, explanation: str, *, most: float | None = None) -> int:
    """Choose a whole number in a field; ``most`` replaces the parameter's largest number."""
    value = value_of(parameter)
    high = parameter.high if most is None else most
    st.number_input(
        title,
        int(parameter.low),
        int(high),
        value,
        step=1,
        key=_shown(parameter, value),
        on_change=_chosen(parameter, int),
        width=150,
        help=explanation,
    )
    return value_of(parameter)


def slider_choice(
    parameter: Parameter[T], title: str, step: float, explanation: str, *, most: float | None = None
) -> T:
    """Choose a number or a range with a slider; ``most`` replaces the parameter's largest number."""
    value: Any = value_of(parameter)
    convert: Callable[[Any], Any] = tuple if isinstance(value, tuple) else type(value)
    st.slider(
        title,
        parameter.low,
        parameter.high if most is None else most,
        value,
        step=step,
        key=_shown(parameter, value),
        on_change=_chosen(parameter, convert),
        width=160,
        help=explanation,
    )
    return value_of(parameter)


def _shown(parameter: Parameter[Any], value: object) -> str:
    return session_state.key_of_choice(parameter.name, value)


def _chosen(parameter: Parameter[T], convert: Callable[[Any], T]) -> Callable[[], None]:
    def take_over() -> None:
        set_value(parameter, convert(session_state.chosen_value(parameter.name)))
        session_state.forget_problems()

    return take_over
