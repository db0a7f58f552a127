"""Points are at their codes, in the colours of their labels; rings are at the prior's standard deviations."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import pytest

from cvae_core.analysis.records import LatentPlane
from cvae_core.rendering.drawing import BACKGROUND, BORDER, LABEL_COLOURS, TEXT, Colour, mixed
from cvae_core.rendering.scatter import LIMIT, OPACITY, SIGMAS, PlanePainter

ROOT = Path(__file__).resolve().parents[2]


def plane_of(points: list[tuple[float, float]], labels: list[int]) -> LatentPlane:
    x, y = np.array(points, np.float32).reshape(-1, 2).T
    return LatentPlane(x, y, np.array(labels, np.int64), np.arange(len(labels)), (0, 1))


def painted(painter: PlanePainter, points: list[tuple[float, float]], labels: list[int]) -> np.ndarray:
    return np.asarray(painter.paint(plane_of(points, labels), "label 7 · epoch 12")).astype(int)


def hexadecimal(colour: Colour) -> str:
    return "#" + "".join(f"{part:02x}" for part in colour)


def test_the_colours_are_those_of_the_pages() -> None:
    theme = tomllib.loads((ROOT / "dashboard/.streamlit/config.toml").read_text())["theme"]["light"]
    assert tuple(map(hexadecimal, LABEL_COLOURS)) == tuple(theme["chartCategoricalColors"])
    found = tuple(map(hexadecimal, (BACKGROUND, TEXT, BORDER)))
    assert found == (theme["backgroundColor"], theme["textColor"], theme["borderColor"])


def test_the_axes_reach_as_far_as_on_the_pages() -> None:
    source = (ROOT / "dashboard/components/latent_player.py").read_text()
    match = re.search(r"^AXIS_LIMIT = (.+)$", source, re.MULTILINE)
    assert match is not None
    assert float(match[1]) == LIMIT


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("label", [0, 9])
def test_a_point_has_the_colour_of_its_label_where_its_code_is(label: int, ratio: int) -> None:
    painter = PlanePainter(("z1", "z2"), ratio=ratio)
    pixels = painted(painter, [(4.0, -3.5)], [label])
    x, y = (int(part) for part in painter.place(4.0, -3.5))
    assert tuple(pixels[y, x]) == pytest.approx(mixed(BACKGROUND, LABEL_COLOURS[label], OPACITY), abs=1)


def test_a_point_stands_in_the_middle_of_what_it_colours() -> None:
    painter = PlanePainter(("z1", "z2"), ratio=2)
    for place in ((4.013, -4.271), (-4.5, 4.1), (3.333, 3.777)):
        ink = (painted(painter, [], []) - painted(painter, [place], [3])).sum(axis=2)
        rows, columns = np.mgrid[: ink.shape[0], : ink.shape[1]]
        middle = (np.sum((columns + 0.5) * ink) / ink.sum(), np.sum((rows + 0.5) * ink) / ink.sum())
        assert middle == pytest.approx(painter.place(*place), abs=0.2)


def test_points_outside_the_axes_and_no_points_are_left_out() -> None:
    painter = PlanePainter(("z1", "z2"))
    empty = painted(painter, [], [])
    outside = [(6.0, 0.0), (0.0, -7.0), (float("nan"), 0.0), (float("inf"), 1.0)]
    assert np.array_equal(painted(painter, outside, [0, 1, 2, 3]), empty)


@pytest.mark.parametrize("ratio", [1, 2])
def test_rings_lie_at_one_two_and_three_standard_deviations(ratio: int) -> None:
    painter = PlanePainter(("z1", "z2"), ratio=ratio)
    darkness = 255 * 3 - painted(painter, [], []).sum(axis=2)
    left, top, right, bottom = painter.box
    centre_x, centre_y = (left + right) / 2, (top + bottom) / 2
    rows, columns = np.mgrid[top:bottom, left:right]
    # The lower half, as the names of the rings stand in the upper one.
    distance = np.hypot(columns + 0.5 - centre_x, rows + 0.5 - centre_y)
    lower = (rows > centre_y) & (distance < painter.side / 2 - 2)
    ink = np.where(lower, darkness[top:bottom, left:right], 0)
    for sigma in SIGMAS:
        near = np.abs(distance - sigma * painter.scale) < 4 * ratio
        radius = np.sum(distance * ink * near) / np.sum(ink * near)
        assert radius == pytest.approx(sigma * painter.scale, abs=0.1 * ratio)
        ink = np.where(near, 0, ink)
    assert ink.sum() == 0, "nothing but the rings is drawn"


def test_one_dimension_has_lines_in_place_of_rings() -> None:
    painter = PlanePainter(("z1", "one lane per label"), one_dimensional=True)
    pixels = painted(painter, [], [])
    _, top, _, bottom = painter.box
    for place in (-3, -2, -1, 1, 2, 3):
        x, _ = painter.place(place, 0.0)
        column = pixels[top + 40 : bottom - 2, round(x) - 1 : round(x) + 1].sum(axis=2)
        assert (column < 765).any(axis=1).mean() > 0.4


def test_the_legend_has_the_colour_of_each_label() -> None:
    painter = PlanePainter(("z1", "z2"), legend=tuple((label, str(label)) for label in range(10)))
    strip = painted(painter, [], [])[: painter.box[1]].reshape(-1, 3)
    for colour in LABEL_COLOURS:
        assert (np.abs(strip - mixed(BACKGROUND, colour, OPACITY)).max(axis=1) <= 1).any()


def test_long_names_in_the_legend_take_more_rows_and_do_not_meet() -> None:
    short = PlanePainter(("z1", "z2"), legend=tuple((label, str(label)) for label in range(10)))
    long = PlanePainter(("z1", "z2"), legend=tuple((label, "T-shirt or top") for label in range(10)))
    assert long.box[1] > short.box[1]
    assert long.size[1] - long.box[3] == short.size[1] - short.box[3]
    strip = painted(long, [], [])[40 : long.box[1] - 4]
    for colour in LABEL_COLOURS:
        found = np.abs(strip - mixed(BACKGROUND, colour, OPACITY)).max(axis=2) <= 1
        # Nothing is written over a point, and its disc is whole.
        assert 40 < found.sum() < 90


def test_of_two_points_at_one_position_the_later_one_is_above() -> None:
    painter = PlanePainter(("z1", "z2"), ratio=2)
    x, y = (int(part) for part in painter.place(4.0, -3.5))
    pixels = painted(painter, [(4.0, -3.5)] * 2, [1, 3])
    below = mixed(BACKGROUND, LABEL_COLOURS[1], OPACITY)
    assert tuple(pixels[y, x]) == pytest.approx(mixed(below, LABEL_COLOURS[3], OPACITY), abs=2)
