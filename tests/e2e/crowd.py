"""Twenty people on one server: `make crowd`, or `python -m tests.e2e.crowd [--sessions 20] [--seconds 60] [--json]`.

Two finished runs of the tutorial's model with 65 snapshots are planted in a temporary folder, a third trains in a
worker as it would for anybody, and so many browser sessions, each a page of its own in a headless Chromium on this very
machine, look at the two: each drags the slider over all epochs with the mouse, looks for a second or two, does it
again, and now and then chooses another label. It is measured:

    drag      from the slider's input event until the frame with its epoch was handed to the screen
    choice    from the press on another label until its picture was handed to the screen
    memory    of the server's process: when nobody has ever come; after one visitor, who looked at every page, has come
              and gone, and the session was closed; at most; and after all have gone. What the second is more than the
              first are modules that the first visit loads and caches with a bound, which stay for whoever comes next.
    training  seconds for an epoch of the third run: alone, with the crowd, and alone again

In life twenty people bring twenty computers. Here all their browsers share this machine with the server and the
training, and draw without a graphics card, so that what is printed is an upper bound: the load at the start and the
processor time that server, browser and training took in the crowd's minute are printed with it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from playwright.async_api import Browser, Page, async_playwright, expect

from cvae_core.config.presets import preset
from cvae_core.runs.metrics import MetricsReader
from cvae_core.runs.run import Run
from cvae_core.runs.status import ALIVE
from cvae_core.workers import launcher
from dashboard.streamlit_patches.sessions import RETURN_SECONDS
from tests.e2e.browser import FLAGS, chromium
from tests.e2e.conftest import DASHBOARD, streamlit_server
from tests.e2e.latency import SNAPSHOTS, plant
from tests.e2e.test_budgets import memory_mebibytes, server_process
from tests.e2e.time_machine import PAGES
from tests.living_workers import wait_for, worker_pid

SESSIONS = 20
CROWD_SECONDS = 60.0
OPENED_AT_ONCE = 4
DRAGS_PER_CHOICE = 3
MOVES = 24
MOVE_SECONDS = 0.04
EPOCHS_ALONE = 5
SESSION_END_SECONDS = RETURN_SECONDS + 5.0
PATIENCE_SECONDS = RETURN_SECONDS + 40.0
_WATCHER = Path(__file__).with_name("latency.js").read_text(encoding="utf-8")
_TICK = os.sysconf("SC_CLK_TCK")
Say = Callable[[str], None]


@dataclass
class Report:
    """What was measured: milliseconds, mebibytes, and seconds for an epoch or of processor time."""

    sessions: int
    load: float
    drag: list[float] = field(default_factory=list)
    choice: list[float] = field(default_factory=list)
    opening_seconds: float = 0.0
    memory_fresh: float = 0.0
    memory_before: float = 0.0
    memory_most: float = 0.0
    memory_after: float = 0.0
    memory_returned_seconds: float | None = None
    epoch_alone: float = 0.0
    epoch_in_crowd: float = 0.0
    epoch_after: float = 0.0
    processor: dict[str, float] = field(default_factory=dict)

    def values(self) -> dict[str, object]:
        """As JSON holds it, the times summed up."""
        return asdict(self) | {"drag": summary(self.drag), "choice": summary(self.choice)}


def summary(times: list[float]) -> dict[str, float]:
    """Count, median and 95th percentile."""
    if not times:
        return {"count": 0}
    median, p95 = np.percentile(times, [50, 95])
    return {"count": len(times), "median": round(float(median), 1), "p95": round(float(p95), 1)}


class Training:
    """The third run."""

    def __init__(self, folder: Path) -> None:
        self.run: Run = launcher.Launcher().start(folder, preset("tutorial"), "third")
        self._metrics = MetricsReader(self.run.metrics_file)

    def epochs(self) -> int:
        """How many are completed."""
        return len(self._metrics.refresh().epochs)

    def seconds_since(self, epochs: int) -> float:
        """The median epoch of those that began after so many were completed."""
        found = [record.seconds for record in self._metrics.refresh().epochs[epochs + 1 :]]
        return round(statistics.median(found), 2) if found else float("nan")

    async def seconds_alone(self) -> float:
        """The median of the next few epochs."""
        began = self.epochs()
        while self.epochs() < began + EPOCHS_ALONE + 1:
            await asyncio.sleep(0.5)
        return self.seconds_since(began)

    def end(self) -> None:
        """Stop it."""
        launcher.stop(self.run)
        wait_for(self.run, lambda state, status: state not in ALIVE)


class Visitor:
    """A browser session.

    Args:
        number: From 0; decides which page and which run it looks at.
        url: Of the server.
    """

    def __init__(self, number: int, url: str) -> None:
        page = list(PAGES)[number % len(PAGES)]
        self._label = number % 10
        self._address = f"{url}/{page}?run={'one' if number % 2 else 'two'}&label={self._label}"
        self._random = random.Random(number)
        self._page: Page | None = None

    async def arrive(self, browser: Browser) -> None:
        """Open the page and wait until all epochs can be scrubbed."""
        context = await browser.new_context(viewport={"width": 1280, "height": 900})
        self._page = await context.new_page()
        await self._page.add_init_script(_WATCHER)
        await self._page.goto(self._address)
        await self._until_complete()

    async def scrub(self, until: float, report: Report) -> None:
        """Drag, look, drag again, choose another label now and then."""
        drags = 0
        while time.monotonic() < until:
            report.drag += await self._drag()
            await asyncio.sleep(self._random.uniform(1.0, 2.0))
            drags += 1
            if drags % DRAGS_PER_CHOICE == 0:
                report.choice.append(await self._choose())
                await self._until_complete()

    async def leave(self) -> None:
        """Close the page."""
        await self._there.context.close()

    @property
    def _there(self) -> Page:
        assert self._page is not None
        return self._page

    async def _until_complete(self) -> None:
        player = self._there.locator(".player")
        await expect(player).to_have_attribute("data-loaded", f"{SNAPSHOTS}/{SNAPSHOTS}", timeout=180_000)

    async def _drag(self) -> list[float]:
        """Take the slider's thumb from one end to the other with the mouse."""
        slider = self._there.locator(".player").get_by_role("slider", name="Epoch")
        box = await slider.bounding_box()
        assert box is not None
        left, right = box["x"] + 8, box["x"] + box["width"] - 8
        at_end = int(await slider.input_value()) > SNAPSHOTS // 2
        begin, end = (right, left) if at_end else (left, right)
        y = box["y"] + box["height"] / 2
        await self._there.evaluate("() => { window.stopWatching = latency.watchDrag(); }")
        await self._there.mouse.move(begin, y)
        await self._there.mouse.down()
        for move in range(1, MOVES + 1):
            await self._there.mouse.move(begin + (end - begin) * move / MOVES, y)
            await asyncio.sleep(MOVE_SECONDS)
        await self._there.mouse.up()
        await asyncio.sleep(0.3)
        times: list[float] = await self._there.evaluate("stopWatching()")
        return times

    async def _choose(self) -> float:
        """Press another label; milliseconds until its picture is there."""
        self._label = (self._label + 1 + self._random.randrange(8)) % 10
        await self._there.evaluate("() => { window.chosen = latency.watchChoice(); }")
        group = self._there.get_by_test_id("stButtonGroup").filter(has_text="Label")
        name = str(self._label)
        option = group.get_by_role("radio", name=name, exact=True).or_(
            group.get_by_role("button", name=name, exact=True)
        )
        await option.click()
        times = await self._there.evaluate("chosen")
        shown: float = times["shown"]
        return shown


class Memory:
    """The server's memory, looked at four times a second."""

    def __init__(self, process: Path) -> None:
        self._process = process
        self.most = 0.0

    def now(self) -> float:
        """Mebibytes."""
        return round(memory_mebibytes(self._process), 1)

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            self.most = max(self.most, self.now())
            await asyncio.sleep(0.25)


def processor_seconds(process: Path) -> float:
    """Processor time of a process and of its children, as far as it is known."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:13])) / _TICK


def family(root: int) -> list[Path]:
    """A process and all that descend from it."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = [root]
    for process in found:
        found += [child for child, parent in parents.items() if parent == process]
    return [Path("/proc") / str(process) for process in found]


def taken(processes: list[Path]) -> float:
    """Processor time of those that are still there."""
    total = 0.0
    for process in processes:
        try:
            total += processor_seconds(process)
        except OSError:
            continue
    return total


@contextmanager
def processor_of(report: Report, processes: dict[str, list[Path]]) -> Iterator[None]:
    """Note how many processors each of some groups of processes keeps busy meanwhile."""
    before, began = {name: taken(found) for name, found in processes.items()}, time.monotonic()
    yield
    seconds = time.monotonic() - began
    report.processor = {name: round((taken(found) - before[name]) / seconds, 2) for name, found in processes.items()}


async def crowd(url: str, training: Training, report: Report, seconds: float, patience: float, say: Say) -> None:
    """All phases, one after the other."""
    server = server_process(url)
    memory = Memory(server)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        report.memory_fresh = memory.now()
        say(f"memory before anybody came: {report.memory_fresh} MiB; one visitor comes and goes")
        for number in range(len(PAGES)):
            visitor = Visitor(number, url)
            await visitor.arrive(browser)
            await visitor.leave()
        await asyncio.sleep(SESSION_END_SECONDS)
        report.memory_before = memory.now()
        say(f"memory after that visit: {report.memory_before} MiB; timing the training alone")
        report.epoch_alone = await training.seconds_alone()
        say(f"an epoch alone: {report.epoch_alone} s; {report.sessions} sessions arrive")
        watch = asyncio.create_task(memory.watch())
        visitors = [Visitor(number, url) for number in range(report.sessions)]
        began = time.monotonic()
        for start in range(0, len(visitors), OPENED_AT_ONCE):
            await asyncio.gather(*(visitor.arrive(browser) for visitor in visitors[start : start + OPENED_AT_ONCE]))
        report.opening_seconds = round(time.monotonic() - began, 1)
        say(f"all epochs of all sessions are there after {report.opening_seconds} s; they scrub for {seconds:.0f} s")
        await scrub_together(visitors, training, report, seconds, server)
        await asyncio.gather(*(visitor.leave() for visitor in visitors))
        watch.cancel()
        report.memory_most = memory.most
        await browser.close()
    say(f"drag {summary(report.drag)}, choice {summary(report.choice)}, {report.epoch_in_crowd} s an epoch")
    say(f"at most {report.memory_most} MiB, at the end {memory.now()} MiB; all have gone")
    report.epoch_after, _ = await asyncio.gather(training.seconds_alone(), returned(memory, report, patience))


async def scrub_together(
    visitors: list[Visitor], training: Training, report: Report, seconds: float, server: Path
) -> None:
    """The crowd's minute."""
    processes = {
        "server": [server],
        "training": [Path("/proc") / str(worker_pid(training.run))],
        "browser": [
            process for process in family(os.getpid()) if process.name != str(os.getpid()) and process != server
        ],
    }
    processes["browser"] = [process for process in processes["browser"] if process not in processes["training"]]
    epochs = training.epochs()
    with processor_of(report, processes):
        until = time.monotonic() + seconds
        await asyncio.gather(*(visitor.scrub(until, report) for visitor in visitors))
    report.epoch_in_crowd = training.seconds_since(epochs)


async def returned(memory: Memory, report: Report, patience: float) -> None:
    """Wait until most of what the sessions took has come back, or it was long enough."""
    began = time.monotonic()
    enough = report.memory_before + 0.1 * (report.memory_most - report.memory_before)
    while time.monotonic() < began + patience:
        if memory.now() <= enough:
            report.memory_returned_seconds = round(time.monotonic() - began, 1)
            break
        await asyncio.sleep(0.5)
    report.memory_after = memory.now()


def table(report: Report) -> Iterator[str]:
    """The report as people read it."""
    for name, times in (("drag", summary(report.drag)), ("choice", summary(report.choice))):
        yield f"{name:9} {times['count']:6} times, median {times.get('median')} ms, p95 {times.get('p95')} ms"
    back = report.memory_returned_seconds
    words = f"nine tenths of it back after {back} s" if back is not None else "not nine tenths of it back"
    sizes = f"{report.memory_before} after one visit, at most {report.memory_most}, {report.memory_after} at the end"
    yield f"memory    {report.memory_fresh} MiB before anybody came, {sizes}: {words}"
    slower = report.epoch_in_crowd / report.epoch_alone
    yield (
        f"training  {report.epoch_alone} s an epoch alone, {report.epoch_in_crowd} s with the crowd "
        f"({slower:.2f} times), {report.epoch_after} s after"
    )
    busy = ", ".join(f"{name} {value}" for name, value in report.processor.items())
    yield f"processors kept busy in the crowd's time, of {os.cpu_count()}: {busy}"


def main() -> None:
    """Print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, default=SESSIONS, help="how many people come")
    parser.add_argument("--seconds", type=float, default=CROWD_SECONDS, help="how long they scrub")
    parser.add_argument("--patience", type=float, default=PATIENCE_SECONDS, help="how long to wait for the memory")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    arguments = parser.parse_args()
    report = Report(arguments.sessions, os.getloadavg()[0])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # by way of what ends the training, which would go on

    def say(words: str) -> None:
        print(words, file=sys.stderr, flush=True)

    say(f"Load at the start {report.load:.1f} on {os.cpu_count()} processors.")
    with tempfile.TemporaryDirectory() as folder:
        runs = Path(folder) / "runs"
        for seed, name in enumerate(("one", "two")):
            plant(runs, name, seed)
        training = Training(runs)
        try:
            with streamlit_server(DASHBOARD / "Home.py", {"CVAE_RUNS": str(runs)}, Path(folder) / "server.log") as url:
                asyncio.run(crowd(url, training, report, arguments.seconds, arguments.patience, say))
        finally:
            training.end()
    print(json.dumps(report.values(), indent=2) if arguments.json else "\n".join(table(report)))


if __name__ == "__main__":
    main()
