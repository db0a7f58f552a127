"""Runs and records to test with."""

from __future__ import annotations

import json
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import strategies as st

from cvae_core.architecture import Weights
from cvae_core.config.run import RunConfig, TrainConfig
from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs import lock
from cvae_core.runs.checksums import seal
from cvae_core.runs.metrics import BeginRecord, Record, encode
from cvae_core.runs.run import Run, create_run

CONFIG = RunConfig(preset="quick", train=TrainConfig(epochs=10))

numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
counts = st.integers(0, 10**6)
losses = st.builds(Losses, numbers, numbers, numbers, st.lists(numbers, max_size=4).map(tuple))
begin_records = st.builds(
    BeginRecord, counts, counts, st.text("0123456789abcdef", max_size=64), st.dictionaries(st.text(), st.text())
)
step_records = st.builds(StepRecord, counts, counts, counts, losses, numbers, steps=counts)
epoch_records = st.builds(EpochRecord, counts, losses, losses, numbers, numbers, numbers)
any_records = begin_records | step_records | epoch_records


@st.composite
def histories(draw: st.DrawFn, most: int = 6) -> list[Record]:
    """Records that may follow each other."""
    records: list[Record] = []
    epoch = step = 0
    for kind in draw(st.lists(st.sampled_from("bse"), max_size=most)):
        if kind == "b" or not records:
            records.append(BeginRecord(epoch, step, draw(st.text("0123456789abcdef", max_size=64)), {"numpy": "2"}))
        elif kind == "s":
            step += draw(st.integers(1, 100))
            records.append(StepRecord(epoch + 1, step, 10**6, draw(losses), draw(numbers)))
        else:
            epoch, step = epoch + 1, 0
            records.append(EpochRecord(epoch, draw(losses), draw(losses), draw(numbers), draw(numbers), draw(numbers)))
    return records


def lines_of(records: list[Record]) -> list[bytes]:
    """The lines of a metrics file without a run around it."""
    return [encode(record) for record in records]


def chained(lines: list[bytes]) -> list[bytes]:
    """Lines as earlier versions wrote them: each checksum goes on from the one before."""
    check, found = 0, []
    for line in lines:
        body = line[: -len(b', "check": "00000000"}\n')]
        check = zlib.crc32(body, check)
        found.append(body + b', "check": "%08x"}\n' % check)
    return found


def content_of(records: list[Record]) -> bytes:
    return b"".join(lines_of(records))


def sealed(line: bytes | str, **changes: Any) -> bytes:
    """A sealed line with other values, and the checksum that these should have."""
    values = json.loads(line) | changes
    values.pop("check", None)
    return seal(values, allow_nan=True)


def run_in(folder: Path, name: str = "run", config: RunConfig = CONFIG) -> Run:
    return create_run(folder, config, name)


def some_losses(value: float = 100.0) -> Losses:
    return Losses(value, value - 20.0, 20.0, (12.0, 8.0))


def training(epochs: int, steps: int = 3) -> list[BeginRecord | StepRecord | EpochRecord]:
    """What an undisturbed training of a few epochs records."""
    records: list[BeginRecord | StepRecord | EpochRecord] = [BeginRecord(0, 0, "ab" * 32, {"numpy": "2.0"})]
    for epoch in range(1, epochs + 1):
        records.extend(
            StepRecord(epoch, step, steps, some_losses(200.0 - epoch - step / 10), 1e5, steps=1)
            for step in range(1, steps + 1)
        )
        records.append(EpochRecord(epoch, some_losses(), some_losses(99.5 - epoch), 0.5, 1e-3, 1.0))
    return records


def some_weights(seed: int = 0) -> Weights:
    generator = np.random.default_rng(seed)
    shapes = {"encoder/0/kernel": (5, 4), "encoder/0/bias": (4,), "output/kernel": (4, 6)}
    return {name: generator.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}


def are_same(first: Weights, second: Weights) -> bool:
    """Bit for bit, NaN and signed zeros included."""
    return first.keys() == second.keys() and all(
        first[name].shape == second[name].shape
        and first[name].dtype == second[name].dtype
        and first[name].tobytes() == second[name].tobytes()
        for name in first
    )


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold a lock for a while."""
    descriptor = lock.acquire(path)
    assert descriptor is not None
    try:
        yield
    finally:
        lock.release(descriptor)


@contextmanager
def small_disk(path: Path, size: str = "256k", options: str = "") -> Iterator[Path]:
    """A file system of its own, if the machine lets us make one."""
    path.mkdir(exist_ok=True)
    mount = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}{options}", "tmpfs", str(path)], capture_output=True, text=True
        )
        if sys.platform == "linux"
        else None
    )
    if mount is None or mount.returncode != 0:
        pytest.skip(f"cannot mount a tmpfs: {mount.stderr.strip() if mount else sys.platform}")
    try:
        yield path
    finally:
        subprocess.run(["umount", str(path)], check=True)
