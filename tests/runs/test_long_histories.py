"""Histories of 100,000 epochs: read in bounded memory, with the ends, the best and the extremes exact."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cvae_core.records import EpochRecord, Losses, StepRecord
from cvae_core.runs.metrics import (
    RECENT,
    WHOLE_UP_TO,
    BeginRecord,
    MetricsReader,
    Thinned,
    cut_back,
    encode,
    read_history,
)
from tests.runs.examples import training

MOST = 2 * WHOLE_UP_TO + RECENT + 1


def thinned(values: list[float]) -> list[int]:
    kept = Thinned()
    for value in values:
        kept.append(value, b"")
    return [place for place, _, _ in kept.entries()]


@pytest.mark.parametrize("count", [0, 1, RECENT, RECENT + 1, WHOLE_UP_TO])
def test_few_records_are_all_kept(count: int) -> None:
    assert thinned([random.Random(0).random() for _ in range(count)]) == list(range(count))


@pytest.mark.parametrize("count", [WHOLE_UP_TO + RECENT + 1, 10_000, 33_333])
def test_of_many_records_the_ends_and_the_extremes_are_kept(count: int) -> None:
    chosen = random.Random(count)
    values = [chosen.gauss(0, 1) for _ in range(count)]
    kept = thinned(values)
    assert len(kept) <= MOST and kept == sorted(set(kept))
    assert kept[0] == 0 and kept[-RECENT:] == list(range(count - RECENT, count))
    assert {values.index(min(values)), values.index(max(values))} <= set(kept)
    gaps = [after - before for before, after in pairwise(kept)]
    assert max(gaps) <= 4 * count / WHOLE_UP_TO + 1, "no part of the curve is left out"


def long_metrics(path: Path, epochs: int, best: int) -> None:
    """A file of a step and an epoch each, much as a long training of a small network writes it."""
    losses = Losses(150.0, 120.0, 30.0, tuple(3.0 + number / 7 for number in range(16)))
    step = _form(StepRecord(10**9, 1, 1, losses, 1e5))
    usual, lowest = (
        _form(EpochRecord(10**9, losses, replace(losses, loss=loss), 0.25, 1e-3, 1.0)) for loss in (100.0, 99.5)
    )
    with path.open("wb") as file:
        file.write(encode(BeginRecord(0, 0, "ab" * 32, {"numpy": "2"})))
        for epoch in range(1, epochs + 1):
            for form in (step, lowest if epoch == best else usual):
                body = form.replace(b"1000000000", b"%d" % epoch)
                file.write(body + b', "check": "%08x"}\n' % zlib.crc32(body))


def _form(record: StepRecord | EpochRecord) -> bytes:
    """A line without its checksum; faster to fill in than a record is to encode."""
    return encode(record).rpartition(b', "check"')[0]


def test_a_long_history_takes_bounded_memory_and_keeps_the_best_epoch(tmp_path: Path) -> None:
    path, epochs, best = tmp_path / "metrics.jsonl", 6_000, 3_333
    long_metrics(path, epochs, best)
    tracemalloc.start()
    history = read_history(path)
    _, peak = tracemalloc.get_traced_memory()
    cut_back(path, epochs, 0)
    _, peak_of_cut = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert max(peak, peak_of_cut) < 16 * 2**20 and path.stat().st_size > 6 * 2**20
    assert max(len(history.epochs), len(history.steps)) <= MOST
    assert (history.epoch_count, history.position, history.damaged_lines) == (epochs, (epochs, 0), 0)
    assert history.epochs[0].epoch == 1
    assert [record.epoch for record in history.epochs[-10:]] == list(range(epochs - 9, epochs + 1))
    assert min(history.epochs, key=lambda record: record.test.loss).epoch == best
    assert history.losses_missing((epochs, 0)) == ""


def test_following_a_long_history_gives_what_reading_it_anew_gives(tmp_path: Path) -> None:
    path, epochs = tmp_path / "metrics.jsonl", 2_200
    long_metrics(path, epochs, 1_234)
    content = path.read_bytes()
    path.write_bytes(b"")
    reader = MetricsReader(path)
    with path.open("ab") as file:
        for start in range(0, len(content), 99_999):
            file.write(content[start : start + 99_999])
            file.flush()
            reader.refresh()
    assert reader.refresh() == read_history(path)


def test_damage_in_a_long_history_is_told(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    long_metrics(path, 3_000, 1)
    lines = path.read_bytes().splitlines(keepends=True)
    number = next(place for place, line in enumerate(lines) if line.startswith(b'{"kind": "epoch", "epoch": 2500,'))
    lines[number] = lines[number].replace(b"0", b"1", 1)
    path.write_bytes(b"".join(lines))
    history = read_history(path)
    assert (history.missing, history.damaged_lines, history.epoch_count) == ([(2500, 2500)], 1, 2_999)


@pytest.mark.faults
@pytest.mark.slow
def test_a_hundred_thousand_epochs_take_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    long_metrics(path, 100_000, 77_777)
    assert path.stat().st_size > 100 * 2**20
    tracemalloc.start()
    history = read_history(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 32 * 2**20
    assert (history.epoch_count, len(history.epochs) <= MOST) == (100_000, True)


def test_a_short_history_is_whole(tmp_path: Path) -> None:
    path, records = tmp_path / "metrics.jsonl", training(100)
    path.write_bytes(b"".join(map(encode, records)))
    history = read_history(path)
    by_kind = [record for kind in (BeginRecord, StepRecord, EpochRecord) for record in records if type(record) is kind]
    assert [*history.begins, *history.steps, *history.epochs] == by_kind
