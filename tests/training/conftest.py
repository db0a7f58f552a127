"""What the tests of whole trainings share."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest

from cvae_core.training.engine import Pace


@pytest.fixture
def chunks_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make trainings take chunks of these lengths in turn."""

    def choose(*lengths: int) -> None:
        turns: Iterator[int] = itertools.cycle(lengths)
        monkeypatch.setattr(Pace, "steps", lambda self, left: min(next(turns), left))

    return choose
