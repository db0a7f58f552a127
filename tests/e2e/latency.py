"""How long one waits for a picture of the time machine: `make latency`, or `python -m tests.e2e.latency --help`.

A run of the tutorial's model (784-256-8, batch normalisation, all 10,000 test images) with 65 snapshots of random
weights is planted twice in a temporary folder; the real server and a headless Chromium run on this machine. On each of
the three pages it is measured, by the page's own clock:

    drag     from the slider's input event until the frame with its epoch was handed to the screen; the mouse goes over
             all epochs and back
    play     how far the moment at which an epoch's frame was handed to the screen is from the one at which it was due,
             early or late, at 10 epochs a second, counted from the press on Play; an epoch that is left out counts from
             its own due moment until that of the next one's frame
    choice   from the press on another label, dimension or run until the player shows the new view and the frame with
             its picture was handed to the screen; at least 20 changes of each
    ready    from that press until all 65 epochs of the new view can be scrubbed

The first visit of each view is among the changes; with 10 labels and 20 changes each is visited twice. Samples have no
dimensions to choose. At 60 Hz a frame begins every 16.7 ms, so that a due moment is half of that away from the nearest
one at worst. The figures mean something on a quiet machine only, so the load at the start is printed too. With --page
and --only a part of the table is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright

from cvae_core.architecture import Weights, plan
from cvae_core.config.presets import preset
from cvae_core.config.run import RunConfig
from cvae_core.data import dataset_shape
from cvae_core.records import Floats
from cvae_core.runs.run import create_run
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.runs.status import Status, write_status
from tests.e2e.browser import FLAGS, chromium
from tests.e2e.conftest import DASHBOARD, streamlit_server
from tests.e2e.time_machine import PAGES, choose_label, drag_to, player, press, wait_until_loaded

SNAPSHOTS = 65
CHANGES = 20
PLAY_SPEED = 10
PLAYS = 3
KINDS = ("drag", "play", "label", "run", "dimension")
_WATCHER = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Figure:
    """Times of one kind on one page, milliseconds; a bar of 0 is none."""

    page: str
    what: str
    count: int
    median: float
    p95: float
    median_bar: float
    p95_bar: float


def figure(page: str, what: str, times: list[float], median_bar: float, p95_bar: float = 0.0) -> Figure:
    """Sum up some times."""
    median, p95 = np.percentile(times, [50, 95])
    return Figure(page, what, len(times), round(float(median), 1), round(float(p95), 1), median_bar, p95_bar)


def plant(folder: Path, name: str, seed: int) -> None:
    """A finished run of the tutorial's model with weights of a sensible size."""
    config = preset("tutorial").with_settings({"epochs": SNAPSHOTS - 1})
    run = create_run(folder, config, name)
    random = np.random.default_rng(seed)
    for epoch in range(SNAPSHOTS):
        publish_snapshot(run.snapshots_folder, epoch, _weights(config, random))
    status = Status(
        "finished", SNAPSHOTS - 1, epoch=SNAPSHOTS - 1, steps_per_epoch=1, images_per_second=1.0, seconds=1.0
    )
    write_status(run.status_file, status)


def _weights(config: RunConfig, random: np.random.Generator) -> Weights:
    """Such that each layer keeps the size of what comes in."""
    shapes = plan(config.model, dataset_shape(config.data)).weight_shapes()
    return {name: _drawn(name, shape, random) for name, shape in shapes.items()}


def _drawn(name: str, shape: tuple[int, ...], random: np.random.Generator) -> Floats:
    if len(shape) > 1:
        return random.normal(0.0, shape[0] ** -0.5, shape).astype(np.float32)
    around = 1.0 if name.endswith(("gamma", "variance")) else 0.0
    return np.abs(around + random.normal(0.0, 0.1, shape)).astype(np.float32)


@contextmanager
def watched(page: Page, call: str) -> Iterator[list[float]]:
    """Times that a watcher collects while the body is done."""
    times: list[float] = []
    page.evaluate(f"() => {{ window.stopWatching = latency.{call}; }}")
    yield times
    page.wait_for_timeout(300)
    times += page.evaluate("stopWatching()")


def measure_drag(page: Page, name: str) -> Figure:
    """Drag over all epochs and back."""
    press(page, "First epoch")
    with watched(page, "watchDrag()") as times:
        drag_to(page, SNAPSHOTS - 1, step=2)
        drag_to(page, 0, step=2)
    return figure(name, "drag", times, 16, 33)


def measure_play(page: Page, name: str) -> Figure:
    """Play all epochs some times: the press may fall anywhere between two frames."""
    times: list[float] = []
    for _ in range(PLAYS):
        press(page, "First epoch")
        expect(player(page)).to_have_attribute("data-epoch", "0")
        with watched(page, f"watchPlay({PLAY_SPEED})") as found:
            press(page, "Play")
            expect(player(page)).to_have_attribute("data-epoch", str(SNAPSHOTS - 1), timeout=60_000)
        times += found
    return figure(name, "play", times, 16, 33)


def measure_choices(page: Page, name: str, what: str, choose: Callable[[int], None], changes: int) -> Iterator[Figure]:
    """Choose something else again and again; ``choose`` is given how often that was done, and presses last."""
    shown, complete = [], []
    for change in range(changes):
        page.evaluate("() => { window.chosen = latency.watchChoice(); }")
        choose(change)
        times = page.evaluate("chosen")
        shown.append(times["shown"])
        complete.append(times["complete"])
        page.wait_for_timeout(100)
    yield figure(name, what, shown, 200, 400)
    yield figure(name, f"{what}: all {SNAPSHOTS} ready", complete, 1500)


def choices_of(page: Page, name: str) -> dict[str, Callable[[int], None]]:
    """What can be chosen on a page, by its real widgets."""
    found: dict[str, Callable[[int], None]] = {
        "label": lambda change: choose_label(page, str((change + 1) % 10)),
        "run": lambda change: _choose_option(page, "Run", "one" if change % 2 else "two"),
    }
    if name != "samples":
        found["dimension"] = lambda change: _choose_option(page, "Across", f"z{3 + change % 6}")
    return found


def _choose_option(page: Page, box: str, option: str) -> None:
    """Open a list and choose; what is timed is the last press."""
    page.get_by_role("combobox", name=re.compile(box)).click()
    page.get_by_role("option", name=re.compile(f"^{option}")).click()


def measure_page(page: Page, name: str, kinds: Sequence[str], changes: int) -> Iterator[Figure]:
    """The figures of some kinds on one page."""
    if "drag" in kinds:
        yield measure_drag(page, name)
    if "play" in kinds:
        yield measure_play(page, name)
    for what, choose in choices_of(page, name).items():
        if what in kinds:
            yield from measure_choices(page, name, what, choose, changes)


def measure(pages: Sequence[str], kinds: Sequence[str], changes: int) -> Iterator[Figure]:
    """All figures of some kinds, page by page."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        runs = Path(folder) / "runs"
        runs.mkdir()
        plant(runs, "one", 1)
        plant(runs, "two", 2)
        environment = {"CVAE_RUNS": str(runs)}
        with streamlit_server(DASHBOARD / "Home.py", environment, Path(folder) / "server.log") as url:
            browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
            for name in pages:
                page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
                page.add_init_script(_WATCHER)
                page.goto(f"{url}/{name}?run=one")
                wait_until_loaded(page, SNAPSHOTS)
                yield from measure_page(page, name, kinds, changes)
                page.context.close()
            browser.close()


def main() -> None:
    """Print the table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--changes", type=int, default=CHANGES, help="how often something else is chosen")
    parser.add_argument("--page", nargs="+", choices=PAGES, default=tuple(PAGES), help="only these pages")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=KINDS, help="only these kinds")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    if not arguments.json:
        print(f"Load at the start {load:.1f} on {os.cpu_count()} processors. Milliseconds; bars in brackets.")
        print(f"{'page':10}{'what':28}{'n':>5}{'median':>16}{'p95':>16}")
    figures = []
    for found in measure(arguments.page, arguments.only, arguments.changes):
        figures.append(asdict(found))
        if not arguments.json:
            print(_line(found), flush=True)
    if arguments.json:
        json.dump({"load": load, "processors": os.cpu_count(), "milliseconds": figures}, sys.stdout, indent=2)
        print()


def _line(found: Figure) -> str:
    median, p95 = (
        f"{value:.1f}" + (f" ({bar:g})" if bar else "")
        for value, bar in ((found.median, found.median_bar), (found.p95, found.p95_bar))
    )
    return f"{found.page:10}{found.what:28}{found.count:5}{median:>16}{p95:>16}"


if __name__ == "__main__":
    main()
