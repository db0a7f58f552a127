"""Workers to do harm to, what they should have come to, and the counts at the end."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cvae_core.config.run import RunConfig
from cvae_core.runs.run import create_run
from tests.faults.evidence import CONFIG, LONGER, Tally, Undisturbed, Witness
from tests.faults.process_fixtures import Nursery, Order

_TALLY = Tally()
NewRun = Callable[[RunConfig], Witness]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the counts of all faults of this session."""
    if _TALLY.tried:
        terminalreporter.write_line(str(_TALLY))


@pytest.fixture(scope="session")
def tally() -> Tally:
    return _TALLY


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    started = Nursery(tmp_path_factory.mktemp("nursery") / "log")
    yield started
    started.close()


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """A training of two epochs."""
    return Undisturbed.of(tmp_path_factory.mktemp("undisturbed"), CONFIG)


@pytest.fixture(scope="session")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    """One of forty, in which there is time for something to happen."""
    return Undisturbed.of(tmp_path_factory.mktemp("longer"), LONGER)


@pytest.fixture(scope="session")
def lifetimes(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> dict[bool, float]:
    """Seconds from launch to end of a worker that nothing happens to, by whether it writes often."""
    seconds = {}
    for often in (False, True):
        run = create_run(tmp_path_factory.mktemp("lifetime"), LONGER, "run")
        began = time.monotonic()
        nursery.finish(run, Order(often=often))
        seconds[often] = time.monotonic() - began
    return seconds


@pytest.fixture
def new_run(tmp_path: Path, tally: Tally) -> NewRun:
    """``new_run(config)`` makes a run and a witness of what happens to it."""
    count = 0

    def make(config: RunConfig) -> Witness:
        nonlocal count
        count += 1
        return Witness(create_run(tmp_path / f"runs-{count}", config, "run"), tally)

    return make
