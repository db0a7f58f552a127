import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cvae_core.errors import RunDamagedError
from dashboard.components.epoch_player import MOST_EPOCHS, PlayerState, Question, Timeline, player_blob, wanted_epochs
from dashboard.components.packing import unpack
from dashboard.components.tiles import TilePicture, packed_tile_player

TIMELINE = Timeline("run", "view", (0, 2, 4, 7), 4, alive=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def square(epoch):
    """Two numbers that tell the epoch."""
    return {"square": np.array([epoch, epoch**2], np.float32)}


def ask(*epochs, view="view", id=3):
    return Question(id, view, epochs)


def test_frames_come_in_the_order_in_which_they_were_asked_for():
    header, arrays = unpack(player_blob(TIMELINE, ask(7, 0, 2), {"title": "T"}, square))
    assert header["frame_epochs"] == [7, 0, 2]
    assert arrays["frame/square"].tolist() == [[7, 49], [0, 0], [2, 4]]
    assert (header["answer"], header["picture"]) == (3, {"title": "T"})
    assert (header["epochs"], header["epoch"], header["alive"], header["follow"]) == ([0, 2, 4, 7], 4, True, False)


@pytest.mark.parametrize("question", [None, ask(0, view="another view")])
def test_without_a_question_about_its_view_a_player_shows_the_selected_epoch(question):
    header, arrays = unpack(player_blob(TIMELINE, question, {}, square))
    assert header["frame_epochs"] == [4] and header["answer"] == 0
    assert arrays["frame/square"].tolist() == [[4, 16]]


def test_an_empty_question_is_answered_without_frames():
    header, arrays = unpack(player_blob(TIMELINE, ask(), {}, square))
    assert header["frame_epochs"] == [] and header["answer"] == 3 and arrays == {}


def test_unknown_and_repeated_epochs_are_left_out():
    assert wanted_epochs(TIMELINE, ask(5, 2, 2, 99, 0)) == (2, 0)


@pytest.mark.parametrize(
    ("follow", "alive", "expected"), [(True, True, (7, 2, 0)), (True, False, (2, 0)), (False, True, (2, 0))]
)
def test_who_follows_a_living_run_gets_its_newest_epoch_with_every_answer(follow, alive, expected):
    timeline = Timeline("run", "view", (0, 2, 4, 7), 7, follow, alive)
    assert wanted_epochs(timeline, ask(2, 0)) == expected


def test_a_damaged_epoch_is_told_beside_the_others():
    def frame_of(epoch):
        if epoch == 2:
            raise RunDamagedError("Snapshot 2 is truncated.", "Train again.")
        return square(epoch)

    header, arrays = unpack(player_blob(TIMELINE, ask(0, 2, 7), {}, frame_of))
    assert header["frame_epochs"] == [0, 7] and len(arrays["frame/square"]) == 2
    assert header["failed"] == {"2": "Snapshot 2 is truncated. Train again."}


def test_other_errors_are_not_hidden():
    with pytest.raises(ZeroDivisionError):
        player_blob(TIMELINE, None, {}, lambda epoch: {"a": np.ones(1) * (1 // 0)})


def test_shared_arrays_come_once():
    _, arrays = unpack(player_blob(TIMELINE, ask(0, 2), {}, square, {"labels": np.array([5], np.int32)}))
    assert arrays["labels"].tolist() == [5]


@given(st.integers(1), st.text(), st.lists(st.integers(0), max_size=300), JSON)
def test_a_question_is_read(id, view, epochs, hover):
    question = Question.parse({"id": id, "view": view, "epochs": epochs, "hover": hover})
    assert question is not None
    assert (question.id, question.view) == (id, view)
    assert question.epochs == tuple(epochs[:MOST_EPOCHS])
    assert list(question.extra) == ["hover"]


WELL_FORMED = {"id": 1, "view": "v", "epochs": [0]}


@pytest.mark.parametrize(
    "change",
    [
        {"id": 0}, {"id": -1}, {"id": True}, {"id": 1.0}, {"id": "1"}, {"id": None},
        {"view": None}, {"view": 3},
        {"epochs": None}, {"epochs": "012"}, {"epochs": [-1]}, {"epochs": [1.5]}, {"epochs": [True]},
        {"epochs": {"0": 1}}, {"epochs": [[0]]},
    ],
)  # fmt: skip
def test_a_malformed_question_counts_as_none(change):
    assert Question.parse(WELL_FORMED) is not None
    assert Question.parse({**WELL_FORMED, **change}) is None


@given(JSON)
def test_whatever_a_browser_reports_is_read(value):
    for state in (PlayerState.parse(value), PlayerState.parse({"epoch": value, "ask": value})):
        assert state.epoch is None or (type(state.epoch) is int and state.epoch >= 0)
        assert not isinstance(state.ask, dict)


def test_what_a_player_reports_is_read():
    state = PlayerState.parse({"epoch": {"run": "r", "epoch": 4, "id": 7}, "ask": {"id": 1, "view": "v", "epochs": []}})
    assert state == PlayerState(4, Question(1, "v", ()), "r", 7)


def test_a_report_without_an_epoch_is_of_the_newest():
    assert PlayerState.parse({"epoch": {"run": "r", "epoch": None, "id": 7}}) == PlayerState(None, None, "r", 7)


@pytest.mark.parametrize("change", [{"run": 1}, {"epoch": -1}, {"epoch": "4"}, {"id": None}, {"id": True}])
def test_a_malformed_report_of_an_epoch_is_none(change):
    assert PlayerState.parse({"epoch": {"run": "r", "epoch": 4, "id": 7, **change}}) == PlayerState()


@pytest.mark.parametrize(("epochs", "epoch"), [((0, 2, 1), 0), ((0, 0), 0), ((0, 1), 2), ((), 0)])
def test_epochs_that_do_not_rise_or_lack_the_selected_one_are_refused(epochs, epoch):
    with pytest.raises(ValueError, match="epoch"):
        Timeline("run", "view", epochs, epoch)


PICTURES = (TilePicture("one", "The first"), TilePicture("two", "The second", row_labels=("a", "b"), gap=3))


def tiles(epoch):
    return {"one": np.full((1, 2, 3, 4, 1), epoch, np.uint8), "two": np.full((2, 1, 3, 4, 3), epoch + 1, np.uint8)}


def test_the_tiles_of_every_picture_reach_the_browser():
    header, arrays = unpack(packed_tile_player(TIMELINE, ask(0, 7), PICTURES, tiles, 200))
    assert [picture["name"] for picture in header["picture"]["pictures"]] == ["one", "two"]
    assert header["picture"]["pictures"][1]["row_labels"] == ["a", "b"] and header["picture"]["min_width"] == 200
    assert arrays["frame/tiles_one"].shape == (2, 1, 2, 3, 4, 1)
    assert arrays["frame/tiles_two"][:, 0, 0, 0, 0, 0].tolist() == [1, 8]


@pytest.mark.parametrize(
    ("pictures", "tiles"),
    [
        ([TilePicture("a", ""), TilePicture("a", "")], np.zeros((1, 1, 2, 2, 1), np.uint8)),
        ([TilePicture("a", "", row_labels=("x", "y"))], np.zeros((1, 1, 2, 2, 1), np.uint8)),
        ([TilePicture("a", "", column_labels=("x", "y"))], np.zeros((2, 1, 2, 2, 1), np.uint8)),
        ([TilePicture("a", "")], np.zeros((1, 2, 2, 1), np.uint8)),
        ([TilePicture("a", "")], np.zeros((1, 1, 2, 2, 2), np.uint8)),
    ],
)
def test_pictures_that_do_not_fit_are_refused(pictures, tiles):
    with pytest.raises(ValueError):
        packed_tile_player(TIMELINE, None, pictures, lambda epoch: {"a": tiles})
