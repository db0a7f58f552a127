"""Keeps the values of a view in the session, and the address of the page in step with them.

The address wins where it says something that we did not write there: a link that was followed, a page gone back to.
Otherwise the session wins, so that what was chosen on one page holds on the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeVar, cast

import streamlit as st

from cvae_core.analysis.views import View
from dashboard.streamlit_patches.navigation import went_through_history
from dashboard.url_state.parameters import FIELDS, X_DIMENSION, Y_DIMENSION, Parameter

T = TypeVar("T")
V = TypeVar("V", bound=View)
_VALUE: Final = "view_"
_PAGE: Final = "page_of_address"
_SENT: Final = "sent_to_address"


def value_of(parameter: Parameter[T]) -> T:
    """The value that holds now."""
    return cast("T", st.session_state.get(_VALUE + parameter.name, parameter.default))


def shown_view(view: type[V], **resolved: object) -> V:
    """The view that the values make which hold now.

    Args:
        view: Its class.
        resolved: Fields that are not values of the address, or hold something else at this moment.

    Raises:
        ConfigError: A value is out of range.
    """
    fields = {name: value_of(FIELDS[name]) for name in view.model_fields if name in FIELDS}
    if "dimensions" in view.model_fields:  # people count from 1
        fields["dimensions"] = (value_of(X_DIMENSION) - 1, value_of(Y_DIMENSION) - 1)
    return view(**fields | resolved)


def set_value(parameter: Parameter[T], value: T) -> None:
    """Choose another value; ``write_address`` brings it into the address."""
    st.session_state[_VALUE + parameter.name] = value


def enter_page(page: str) -> None:
    """Note which page is drawn. Where it is another one, or was gone back to, all that its address says is news."""
    if st.session_state.get(_PAGE) != page or went_through_history():
        st.session_state[_SENT] = {}
    st.session_state[_PAGE] = page


def read_address(parameters: Iterable[Parameter[Any]]) -> list[str]:
    """Take over what the address says.

    Returns:
        A sentence for each value that is none; the value that held before holds on.
    """
    problems = []
    for parameter in parameters:
        text = news(parameter.name)
        if text is None:
            continue
        try:
            set_value(parameter, parameter.parse(text))
        except ValueError:
            problems.append(f"The address says {parameter.name}={text[:40]}; it should be {parameter.expected}.")
    return problems


def write_address(parameters: Iterable[Parameter[Any]]) -> None:
    """Bring the values that are not the default into the address."""
    write_texts({of.name: of.write(value_of(of)) if _is_written(of) else None for of in parameters})


def news(name: str) -> str | None:
    """What the address says of a value, unless it is something that we wrote there.

    The browser sends its address along with each press. One that is pressed faster than pages are drawn sends what it
    was some answers ago; taken for news, that would undo the newest choice.
    """
    text = st.query_params.get(name)
    sent = _sent(name)
    if text in sent:
        del sent[: sent.index(text)]
        return None
    sent[:] = [text]
    return text


def write_texts(texts: Mapping[str, str | None]) -> None:
    """Bring texts into the address by their names; None removes one."""
    shown = {name: text for name, text in st.query_params.to_dict().items() if isinstance(text, str)}
    wanted = {name: text for name, text in shown.items() if name not in texts}
    wanted |= {name: text for name, text in texts.items() if text is not None}
    is_new = False
    for name, text in texts.items():
        sent = _sent(name)
        if sent[-1:] != [text]:
            sent.append(text)
            is_new = True
    if is_new or wanted != shown:
        # All at once: each change by itself would be drawn by itself.
        st.query_params.from_dict(wanted)


def _is_written(parameter: Parameter[Any]) -> bool:
    return bool(parameter.always or value_of(parameter) != parameter.default)


def _sent(name: str) -> list[str | None]:
    """What the browser last said of a value, and after it what it was sent since then."""
    everything: dict[str, list[str | None]] = st.session_state.setdefault(_SENT, {})
    return everything.setdefault(name, [])
