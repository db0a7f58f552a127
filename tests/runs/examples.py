"""Runs and records to test with."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import strategies as st

from cvae_core.architecture import Weights
from cvae_core.config import RunConfig, TrainConfig
from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs import lock
from cvae_core.runs.directory import Run, create_run
from cvae_core.runs.metrics import BeginRecord

CONFIG = RunConfig(preset="quick", train=TrainConfig(epochs=10))

numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12)
counts = st.integers(0, 10**6)
losses = st.builds(Losses, numbers, numbers, numbers, st.lists(numbers, max_size=4).map(tuple))
begin_records = st.builds(
    BeginRecord, counts, counts, st.text("0123456789abcdef", max_size=64), st.dictionaries(st.text(), st.text())
)
step_records = st.builds(StepRecord, counts, counts, counts, losses, numbers)
epoch_records = st.builds(EpochRecord, counts, losses, losses, numbers, numbers, numbers)
any_records = begin_records | step_records | epoch_records


def run_in(folder: Path, name: str = "run") -> Run:
    return create_run(folder, CONFIG, name)


def some_losses(value: float = 100.0) -> Losses:
    return Losses(value, value - 20.0, 20.0, (12.0, 8.0))


def training(epochs: int, steps: int = 3) -> list[BeginRecord | StepRecord | EpochRecord]:
    """What an undisturbed training of a few epochs records."""
    records: list[BeginRecord | StepRecord | EpochRecord] = [BeginRecord(0, 0, "ab" * 32, {"numpy": "2.0"})]
    for epoch in range(1, epochs + 1):
        records.extend(
            StepRecord(epoch, step, steps, some_losses(200.0 - epoch - step / 10), 1e5) for step in range(1, steps + 1)
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
