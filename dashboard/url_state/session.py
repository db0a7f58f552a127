"""The values of a view in the session, synchronised with the address of the page.

The address wins if its text was not written by us: a link was followed, or the visitor went back. Otherwise the session
wins, so that a choice on one page holds on the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar, cast

import streamlit as st

from cvae_core.analysis.views import View
from cvae_core.records import Dataset
from dashboard.streamlit_patches.pages import went_through_history
from dashboard.url_state.parameters import (
    CODE,
    EPOCH,
    FIELDS,
    LABEL,
    PICKED,
    PIN,
    PLACE,
    SOURCE,
    SOURCE_LABEL,
    X_DIMENSION,
    Y_DIMENSION,
    Parameter,
)

T = TypeVar("T")
V = TypeVar("V", bound=View)
_VALUE: Final = "view_"
_PAGE: Final = "page_of_address"
_SENT: Final = "sent_to_address"


def value_of(parameter: Parameter[T]) -> T:
    """The value that holds now."""
    return cast("T", st.session_state.get(_VALUE + parameter.name, parameter.default))


def shown_view(view: type[V], **resolved: object) -> V:
    """A view made from the current values.

    Args:
        view: Its class.
        resolved: Fields that are not in the address or differ from it.

    Raises:
        ConfigError: A value is out of range.
    """
    fields = {name: value_of(FIELDS[name]) for name in view.model_fields if name in FIELDS}
    if "dimensions" in view.model_fields:  # people count from 1
        fields["dimensions"] = (value_of(X_DIMENSION) - 1, value_of(Y_DIMENSION) - 1)
    return view(**fields | resolved)


def set_value(parameter: Parameter[T], value: T) -> None:
    """Set a value; ``write_address`` writes it to the address."""
    st.session_state[_VALUE + parameter.name] = value


def enter_page(page: str) -> None:
    """Note the current page. On another page, or after going back, everything in the address is news."""
    if st.session_state.get(_PAGE) != page or went_through_history():
        st.session_state[_SENT] = {}
    st.session_state[_PAGE] = page


def read_address(parameters: Iterable[Parameter[Any]]) -> list[str]:
    """Set the values in the address.

    Returns:
        A sentence for each invalid text; the value before is kept.
    """
    problems = []
    for parameter in parameters:
        text = news(parameter.name)
        if text is None:
            continue
        try:
            set_value(parameter, parameter.parse(text))
        except ValueError:
            problems.append(f"The address says {parameter.name}={text[:40]}; expected {parameter.expected}.")
    return problems


def write_address(parameters: Iterable[Parameter[Any]]) -> None:
    """Write the values to the address, except defaults that need not be there."""
    write_texts(
        {of.name: of.write(value_of(of)) if of.always or value_of(of) != of.default else None for of in parameters}
    )


def news(name: str) -> str | None:
    """The text of a value in the address, unless we wrote it there.

    The browser sends its address with each click. After fast clicks it may still send one that we wrote some answers
    ago; as news, that would undo the newest choice.
    """
    text = st.query_params.get(name)
    sent = _sent(name)
    if text in sent:
        del sent[: sent.index(text)]
        return None
    sent[:] = [text]
    return text


def write_texts(texts: Mapping[str, str | None]) -> None:
    """Write texts to the address by name; None removes one."""
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
        # All at once, as each change causes a redraw.
        st.query_params.from_dict(wanted)


def _sent(name: str) -> list[str | None]:
    """The text that the browser last reported for a value, followed by those sent to it since."""
    everything: dict[str, list[str | None]] = st.session_state.setdefault(_SENT, {})
    return everything.setdefault(name, [])


def fit_to_run(
    parameters: Sequence[Parameter[Any]], latent_dim: int, data: Dataset, epochs: Sequence[int]
) -> list[str]:
    """Replace values that do not exist in the run by the nearest that do.

    Args:
        parameters: Of the page.
        latent_dim: Size of the run's code.
        data: The run's data.
        epochs: Those that have a snapshot, rising.

    Returns:
        A sentence for each replaced value.
    """
    problems = [*_fit_epoch(epochs), *fit_label(data.class_names, data.title), *_fit_pin(data)]
    if X_DIMENSION in parameters:
        problems += _fit_plane(latent_dim)
    if CODE in parameters:
        problems += _fit_codes(latent_dim)
    if SOURCE in parameters:
        problems += _fit_sources(data)
    return problems


def _fit_epoch(epochs: Sequence[int]) -> Iterator[str]:
    wanted = value_of(EPOCH)
    if wanted is None or wanted in epochs:
        return
    nearest = min(epochs, key=lambda epoch: abs(epoch - wanted))
    set_value(EPOCH, nearest)
    yield (
        f"This run has no snapshot of epoch {wanted:,}; the nearest is shown, {nearest:,}. "
        f"There are {len(epochs)}, from epoch {epochs[0]:,} to {epochs[-1]:,}."
    )


def fit_label(class_names: Sequence[str], data_title: str) -> list[str]:
    """Replace a label that the data do not have by 0; returns a sentence about it, if so."""
    label, last = value_of(LABEL), len(class_names) - 1
    if label is None or label <= last:
        return []
    set_value(LABEL, 0)
    return [f"There is no label {label:,}: {data_title} has those from 0 to {last}. Label 0 is shown."]


def _fit_pin(data: Dataset) -> Iterator[str]:
    pin = value_of(PIN)
    if pin is not None and pin >= len(data.test):
        set_value(PIN, None)
        yield f"There is no test image {pin:,} to pin: {data.title} has those from 0 to {len(data.test) - 1:,}."


def _fit_sources(data: Dataset) -> Iterator[str]:
    """Sources of style that the data do not have."""
    label, last = value_of(SOURCE_LABEL), len(data.class_names) - 1
    if label > last:
        set_value(SOURCE_LABEL, last)
        if value_of(SOURCE) == "label":
            yield f"There is no label {label:,}: {data.title} has those from 0 to {last}. Label {last} is the source."
    picked = value_of(PICKED)
    known = tuple(index for index in picked if index < len(data.test))
    if known != picked:
        set_value(PICKED, known)
        yield f"Not all picked images are there: {data.title} has test images from 0 to {len(data.test) - 1:,}."


def _fit_plane(latent_dim: int) -> Iterator[str]:
    x, y = value_of(X_DIMENSION), value_of(Y_DIMENSION)
    if latent_dim == 1 or (max(x, y) <= latent_dim and x != y):
        return
    set_value(X_DIMENSION, 1)
    set_value(Y_DIMENSION, 2)
    if x == y:
        yield f"The two dimensions of a plane should differ; both were z{x}. z1 and z2 are shown."
    else:
        yield f"There is no z{max(x, y)}: the code of this run has {latent_dim} dimensions. z1 and z2 are shown."


def _fit_codes(latent_dim: int) -> Iterator[str]:
    code = value_of(CODE)
    if code and len(code) != latent_dim:
        set_value(CODE, ())
        yield f"The code in the address has {len(code)} numbers; this run's has {latent_dim}. Zeros are used."
    if value_of(PLACE) and len(value_of(PLACE)) != min(2, latent_dim):
        set_value(PLACE, ())
        yield f"A place on this run's manifold has {min(2, latent_dim)} numbers. None is held."
