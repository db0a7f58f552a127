"""Which frames a film keeps and asks for: its store alone, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from dashboard.components.packing import read_sources

pytestmark = pytest.mark.e2e

MEBIBYTE = 2**20
# blob(epochs, frameEpochs, bytes of a frame, view); every value of a frame is its epoch.
BLOBS = """
function blob(epochs, frameEpochs, bytes, view = "v") {
  const values = new Uint8Array(frameEpochs.length * bytes);
  frameEpochs.forEach((epoch, place) => values.fill(epoch, place * bytes, (place + 1) * bytes));
  const arrays = frameEpochs.length ? { "frame/a": { shape: [frameEpochs.length, bytes], values } } : {};
  return { header: { view, epochs, failed: {}, frame_epochs: frameEpochs }, arrays };
}
const range = count => Array.from({ length: count }, (_, index) => index);
/** Answers every question of the store until it has none; gives all that it asked for, in order. */
function load(store, epochs, bytes, current, limit) {
  const asked = [];
  for (let turn = 0; turn < 500; turn++) {
    const wanted = store.nextEpochs(current, limit);
    if (!wanted.length) return asked;
    asked.push(wanted);
    store.receive(blob(epochs, wanted, bytes), current);
  }
  throw new Error("the store never stops asking");
}
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=read_sources("film_store.js") + BLOBS)
    yield page
    page.close()


def test_the_current_epoch_comes_first_and_then_the_whole_run_coarse_to_fine(page: Page) -> None:
    asked = page.evaluate(
        """() => {
          const store = createFilmStore();
          store.receive(blob(range(65), [], 10), 7);
          return load(store, range(65), 10, 7, 5).flat();
        }"""
    )
    assert asked[0] == 7
    assert sorted(asked) == list(range(65))
    assert set(asked[1:6]) == {0, 64, 32, 16, 48}


def test_frames_are_those_of_their_epochs(page: Page) -> None:
    frames = page.evaluate(
        """() => {
          const store = createFilmStore();
          store.receive(blob([0, 3, 9], [9, 3], 2), 0);
          return [9, 3, 0].map(epoch => store.frame(epoch) && [...store.frame(epoch).a.values]);
        }"""
    )
    assert frames == [[9, 9], [3, 3], None]


def test_another_view_drops_what_was_there(page: Page) -> None:
    left = page.evaluate(
        """() => {
          const store = createFilmStore();
          store.receive(blob([0, 1], [0, 1], 2), 0);
          store.receive(blob([0, 1], [1], 2, "w"), 0);
          return [store.frame(0), store.loadedCount(), store.nextEpochs(0)];
        }"""
    )
    assert left == [None, 1, [0]]


def test_a_question_asks_for_about_three_megabytes(page: Page) -> None:
    asked = page.evaluate(
        """() => {
          const store = createFilmStore();
          store.receive(blob(range(65), [0], 176400), 0);
          return load(store, range(65), 176400, 0).map(epochs => epochs.length);
        }"""
    )
    assert asked == [17, 17, 17, 13]


def test_the_farthest_frames_go_where_not_all_fit(page: Page) -> None:
    kept = page.evaluate(
        """bytes => {
          const store = createFilmStore();
          store.receive(blob(range(300), [150], bytes), 150);
          load(store, range(300), bytes, 150);
          const first = range(300).filter(epoch => store.frame(epoch));
          load(store, range(300), bytes, 299);
          return [first, range(300).filter(epoch => store.frame(epoch))];
        }""",
        MEBIBYTE,
    )
    for epochs, current in zip(kept, (150, 299), strict=True):
        assert len(epochs) <= 96
        near = [epoch for epoch in range(300) if abs(epoch - current) <= 40]
        assert set(near) <= set(epochs)


def test_what_cannot_be_had_is_not_asked_for_again(page: Page) -> None:
    left = page.evaluate(
        """() => {
          const store = createFilmStore();
          store.receive(blob([0, 1], [0], 2), 0);
          store.giveUp([0, 1]);
          return [store.failure(0), store.failure(1), store.nextEpochs(1)];
        }"""
    )
    assert left == [None, "Epoch 1 could not be loaded.", []]
