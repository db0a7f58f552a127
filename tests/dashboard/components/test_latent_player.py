from dataclasses import replace

import numpy as np
import pytest

from cvae_core.errors import RunDamagedError
from dashboard.components.epoch_player import Question, Timeline
from dashboard.components.latent_player import (
    LatentPicture,
    LatentPlayerState,
    PinnedPath,
    PinReport,
    packed_latent_player,
)
from dashboard.components.packing import unpack

TIMELINE = Timeline("run", "view", (0, 2, 5), 2)
PICTURE = LatentPicture(("a", "b"), "A plane", ("PC 1 (34 %)", "PC 2 (21 %)"))
SHARED = {"labels": np.array([1, 0]), "indices": np.array([30, 31])}
PIN = PinnedPath(
    index=99,
    label=1,
    x=np.arange(3.0, dtype=np.float32),
    y=np.zeros(3, np.float32),
    covariance=np.tile(np.eye(2, dtype=np.float32), (3, 1, 1)),
    tiles=np.zeros((4, 4, 4, 1), np.uint8),
)


def _frame(epoch):
    ones = np.ones(2)
    return {"x": epoch * ones, "y": -ones, "kl": np.arange(3.0), "mean": np.zeros(3), "variance": np.ones(3)}


def _tiles(index):
    return np.full((2, 4, 4, 1), index, np.uint8)


def _packed(question=None, pin=None, hover_of=_tiles, frame_of=_frame):
    return unpack(packed_latent_player(TIMELINE, question, PICTURE, SHARED, frame_of, pin, hover_of))


def _hover(index, view="view", epochs=()):
    return Question.parse({"id": 3, "view": view, "epochs": list(epochs), "hover": index})


def test_points_and_dimensions_reach_the_browser_as_the_types_that_it_reads():
    header, arrays = _packed()
    assert header["frame_epochs"] == [2] and header["picture"]["x_title"] == "PC 1 (34 %)"
    assert {name: array.dtype.name for name, array in arrays.items()} == {
        "labels": "int32",
        "indices": "int32",
        **{f"frame/{name}": "float32" for name in ("x", "y", "kl", "mean", "variance")},
    }
    assert arrays["frame/x"].tolist() == [[2, 2]] and arrays["frame/kl"].tolist() == [[0, 1, 2]]
    assert arrays["labels"].tolist() == [1, 0] and arrays["indices"].tolist() == [30, 31]
    assert "pin" not in header["picture"] and "hover" not in header["picture"]


def test_the_frames_asked_for_are_sent():
    header, arrays = _packed(_hover(None, epochs=(5, 0)))
    assert header["frame_epochs"] == [5, 0] and arrays["frame/x"].tolist() == [[5, 5], [0, 0]]


def test_a_pin_comes_with_its_path_over_all_epochs():
    header, arrays = _packed(pin=PIN)
    assert header["picture"]["pin"] == {"index": 99, "label": 1}
    assert arrays["pin_x"].tolist() == [0, 1, 2] and arrays["pin_covariance"].shape == (3, 2, 2)
    assert arrays["pin_tiles"].shape == (4, 4, 4, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"x": np.zeros(2, np.float32)},
        {"covariance": np.zeros((3, 2), np.float32)},
        {"tiles": np.zeros((2, 4, 4, 1), np.uint8)},
    ],
)
def test_a_path_of_other_epochs_is_refused(wrong):
    with pytest.raises(ValueError, match="3"):
        _packed(pin=replace(PIN, **wrong))


def test_the_image_under_the_mouse_is_sent_with_its_reconstruction():
    header, arrays = _packed(_hover(31))
    assert header["picture"]["hover"] == {"index": 31, "epoch": 2}
    assert arrays["hover"].tolist() == _tiles(31).tolist()


@pytest.mark.parametrize("hover", [_hover(32), _hover(True), _hover(-1), _hover("31"), _hover(31, "other"), None])
def test_only_images_of_the_points_are_decoded(hover):
    def refuse(index):
        raise AssertionError(index)

    header, arrays = _packed(hover, hover_of=refuse)
    assert "hover" not in header["picture"] and "hover" not in arrays


def test_a_snapshot_that_cannot_be_read_leaves_the_other_frames():
    def damaged(epoch_or_index):
        raise RunDamagedError("Snapshot 2 is truncated.", "Train it again.")

    header, arrays = _packed(_hover(31, epochs=[2]), hover_of=damaged, frame_of=damaged)
    assert "Snapshot 2 is truncated." in header["failed"]["2"]
    assert "hover" not in arrays and "hover" not in header["picture"]


@pytest.mark.parametrize(
    ("value", "pin"),
    [
        (None, None),
        ({}, None),
        ({"epoch": 5}, None),
        ({"pin": {"index": 7, "id": 3}}, PinReport(7, 3)),
        ({"pin": {"index": 0, "id": 3}}, PinReport(0, 3)),
        ({"pin": {"index": None, "id": 3}}, PinReport(None, 3)),
        ({"pin": {"index": "7", "id": 3}}, PinReport(None, 3)),
        ({"pin": None}, None),
        ({"pin": 7}, None),
    ],
)
def test_a_pin_taken_away_differs_from_one_never_set(value, pin):
    assert LatentPlayerState.parse(value).pin == pin


def test_the_same_pin_reported_again_is_another_report():
    first, second = (LatentPlayerState.parse({"pin": {"index": 7, "id": number}}) for number in (1, 2))
    assert first.pin != second.pin


def test_the_state_holds_what_every_player_reports():
    state = LatentPlayerState.parse({"epoch": {"run": "r", "epoch": 5, "id": 7}, "pin": {"index": 3, "id": 9}})
    assert (state.epoch, state.pin) == (5, PinReport(3, 9))
