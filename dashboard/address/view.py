"""Keeps the values of a view in the session, and the address of the page in step with them.

The address wins where it says something that we did not write there: a link that was followed, a page gone back to.
Otherwise the session wins, so that what was chosen on one page holds on the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, TypeVar, cast

import streamlit as st

from dashboard.address.parameter import Parameter

T = TypeVar("T")
_VALUE: Final = "view_"
_WRITTEN: Final = "written_in_address"


def value_of(parameter: Parameter[T]) -> T:
    """The value that holds now."""
    return cast("T", st.session_state.get(_VALUE + parameter.name, parameter.default))


def set_value(parameter: Parameter[T], value: T) -> None:
    """Choose another value; ``write_address`` brings it into the address."""
    st.session_state[_VALUE + parameter.name] = value


def read_address(parameters: Iterable[Parameter[Any]]) -> list[str]:
    """Take over what the address says.

    Returns:
        A sentence for each value that is none; the value that held before holds on.
    """
    written: dict[str, str] = st.session_state.setdefault(_WRITTEN, {})
    problems = []
    for parameter in parameters:
        text = st.query_params.get(parameter.name)
        if text is None or text == written.get(parameter.name):
            continue
        try:
            set_value(parameter, parameter.parse(text))
        except ValueError:
            problems.append(f"The address says {parameter.name}={text[:40]}; it should be {parameter.expected}.")
    return problems


def write_address(parameters: Iterable[Parameter[Any]]) -> None:
    """Bring the values that are not the default into the address."""
    shown = {name: text for name, text in st.query_params.to_dict().items() if isinstance(text, str)}
    wanted = dict(shown)
    written: dict[str, str] = {}
    for parameter in parameters:
        value = value_of(parameter)
        wanted.pop(parameter.name, None)
        if parameter.always or value != parameter.default:
            wanted[parameter.name] = written[parameter.name] = parameter.write(value)
    if wanted != shown:
        # All at once: each change by itself would be a place of its own to go back to.
        st.query_params.from_dict(wanted)
    st.session_state[_WRITTEN] = written
