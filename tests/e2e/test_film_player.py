"""When a playing film shows which epoch: its player alone, in a real browser, with a clock of our own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from dashboard.components.packing import read_sources

pytestmark = pytest.mark.e2e

# play({count, speed, period, phase, cost, ready}): presses Play `phase` milliseconds after a frame began; frames begin
# every `period`, and drawing takes `cost`. Gives [epoch, time since the press] as pictures come, in order.
CLOCK = """
function play({ count, speed, period, phase, cost = 0, ready = () => true }) {
  let callback = null;
  let time = phase;
  let index = 0;
  const shown = [];
  requestAnimationFrame = (act) => { callback = act; return 1; };
  cancelAnimationFrame = () => { callback = null; };
  performance.now = () => time;
  const player = createFilmPlayer({
    index: () => index,
    count: () => count,
    ready: (at) => ready(at, time - phase),
    move(to) { index = to; time += cost; shown.push([to, time - phase]); },
    changed() {},
  });
  player.setSpeed(speed);
  player.toggle();
  for (let frame = 1; callback && frame < 10000; frame++) {
    time = frame * period;
    const act = callback;
    callback = null;
    act(time);
  }
  return shown;
}
"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page()
    page.add_script_tag(content=read_sources("film_player.js") + CLOCK)
    yield page
    page.close()


@pytest.mark.parametrize("cost", [0, 6])
@pytest.mark.parametrize("rate", [60, 120])
@pytest.mark.parametrize("share", [0.05, 0.4, 0.6, 0.95])
@pytest.mark.parametrize("speed", [5, 10, 20])
def test_each_epoch_comes_with_the_frame_nearest_to_its_time(
    page: Page, rate: int, share: float, speed: int, cost: float
) -> None:
    period = 1000 / rate
    setting = {"count": 65, "speed": speed, "period": period, "phase": share * period, "cost": cost}
    shown = page.evaluate("setting => play(setting)", setting)
    assert [epoch for epoch, _ in shown] == list(range(1, 65))
    # The first ticks know neither the period of the screen nor how long drawing takes.
    for epoch, since in shown[2:]:
        assert abs(since - epoch * 1000 / speed) <= period / 2 + 1e-6


def test_no_epoch_is_left_out_while_frames_keep_the_pace(page: Page) -> None:
    shown = page.evaluate("play({ count: 65, speed: 60, period: 1000 / 60, phase: 3 })")
    assert [epoch for epoch, _ in shown] == list(range(1, 65))


def test_a_frame_that_is_late_is_waited_for_and_nothing_is_skipped_for_it(page: Page) -> None:
    shown = page.evaluate(
        "play({ count: 30, speed: 10, period: 1000 / 60, phase: 3, ready: (at, since) => at < 10 || since > 3000 })"
    )
    assert [epoch for epoch, _ in shown] == list(range(1, 30))
    times = dict(shown)
    assert times[9] < 950
    assert 3000 < times[10] < 3050
    assert times[29] - times[10] == pytest.approx(1900, abs=20)
