"""What a gallery is sent, and what it reports."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.components.image_picker import packed_picker, parse_picked
from dashboard.components.packing import unpack

IMAGES = np.arange(3 * 4 * 2, dtype=np.uint8).reshape(3, 4, 2, 1)
INDICES = np.array([40, 7, 12])
LABELS = [1, 0, 1]


def sent(picked=(), limit=2, indices=INDICES, images=IMAGES):
    return unpack(packed_picker(images, indices, LABELS, picked, ("a", "b"), limit))


def test_images_and_their_names_are_sent():
    header, arrays = sent(picked=(12,))
    np.testing.assert_array_equal(arrays["images"], IMAGES)
    assert header == {
        "indices": [40, 7, 12],
        "labels": [1, 0, 1],
        "picked": [12],
        "class_names": ["a", "b"],
        "limit": 2,
        "invert": False,
    }


@pytest.mark.parametrize(
    ("picked", "shown"), [((12, 40), [12, 40]), ((12, 99, 7), [12, 7]), ((7, 7, 40), [7, 40]), ((7, 12, 40), [7, 12])]
)
def test_picks_of_images_that_are_there_are_shown(picked, shown):
    assert sent(picked)[0]["picked"] == shown


@pytest.mark.parametrize(
    "wrong", [{"limit": 0}, {"indices": [1, 2]}, {"indices": [1, 1, 2]}, {"images": IMAGES[..., 0]}]
)
def test_what_does_not_fit_together_is_refused(wrong):
    with pytest.raises(ValueError):
        sent(**wrong)


@pytest.mark.parametrize("picked", [[], [40], [12, 7]])
def test_picks_are_read_in_their_order(picked):
    assert parse_picked({"picked": picked}, INDICES, 2) == tuple(picked)


@pytest.mark.parametrize(
    "value",
    [
        None,
        4,
        {},
        {"picked": None},
        *({"picked": it} for it in ("40", [1], [40, 40], [40, 7, 12], [7.0], [True], [[7]])),
    ],
)
def test_what_is_no_report_is_absent(value):
    assert parse_picked(value, INDICES, 2) is None
