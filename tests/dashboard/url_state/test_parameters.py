"""What is written into an address is read back as it was, and nonsense is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.url_state import parameters
from dashboard.url_state.parameters import Parameter

ALL = {parameter.name: parameter for parameter in (*parameters.LATENT, *parameters.MANIFOLD, *parameters.SAMPLES)}
NONSENSE = ["", " ", "1_0x", "nan", "inf", "-inf", "0x1", "true", "1,2,3,,", ",", "9" * 400, "'--", "\0"]
NO_WHOLE_NUMBER = ["-1", "+5", "1e3", "1.0", " 1", "1_0", "٣"]
REAL = st.floats(-parameters.Z_LIMIT, parameters.Z_LIMIT)


@pytest.mark.parametrize("name", list(ALL))
@pytest.mark.parametrize("text", NONSENSE)
def test_nonsense_is_refused(name: str, text: str) -> None:
    with pytest.raises(ValueError):
        ALL[name].parse(text)


@pytest.mark.parametrize("name", ["epoch", "label", "pin", "seed", "size", "columns", "count", "x"])
@pytest.mark.parametrize("text", NO_WHOLE_NUMBER)
def test_a_whole_number_is_digits_alone(name: str, text: str) -> None:
    with pytest.raises(ValueError):
        ALL[name].parse(text)


@pytest.mark.parametrize("name", list(ALL))
@given(st.text(max_size=12))
def test_any_text_gives_a_value_that_can_be_written_or_a_value_error(name: str, text: str) -> None:
    parameter: Parameter[Any] = ALL[name]
    try:
        value = parameter.parse(text)
    except ValueError:
        return
    assert parameter.parse(parameter.write(value)) == value


@pytest.mark.parametrize("parameter", [parameter for parameter in ALL.values() if parameter.default not in (None, ())])
def test_defaults_can_be_written(parameter: Parameter[Any]) -> None:
    assert parameter.parse(parameter.write(parameter.default)) == parameter.default


@given(st.lists(REAL, min_size=1, max_size=64))
def test_a_code_comes_back_to_six_digits(code: list[float]) -> None:
    again = parameters.CODE.parse(parameters.CODE.write(tuple(code)))
    assert again == pytest.approx(code, rel=1e-5)


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (parameters.GRID_SIZE, "31"),
        (parameters.GRID_SIZE, "1"),
        (parameters.QUANTILES, "0.1"),
        (parameters.QUANTILES, "0,1"),
        (parameters.TEMPERATURE, "3.5"),
        (parameters.PLACE, "1,2,3"),
        (parameters.PLACE, "6.1"),
        (parameters.ORDER, "best"),
    ],
)
def test_values_outside_their_limits_are_refused(parameter: Parameter[Any], text: str) -> None:
    with pytest.raises(ValueError):
        parameter.parse(text)
