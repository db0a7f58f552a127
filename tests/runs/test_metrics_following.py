"""Following a metrics file that grows, is cut back, replaced or damaged: always what reading it anew gives."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae_core.records import StepRecord
from cvae_core.runs.metrics import MetricsReader, MetricsWriter, cut_back, read_history
from tests.runs.examples import content_of, histories, lines_of, some_losses, training

RECORDS = training(3)
CONTENT = content_of(RECORDS)


def other(epoch: int, step: int) -> StepRecord:
    return StepRecord(epoch, step, 99, some_losses(500.0), 1e5)


def test_at_every_prefix_the_reader_has_what_reading_anew_gives(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    reader = MetricsReader(path)
    with path.open("ab", buffering=0) as file:
        for length in range(len(CONTENT)):
            file.write(CONTENT[length : length + 1])
            if length % 7 == 0 or CONTENT[length : length + 1] == b"\n":
                assert reader.refresh() == read_history(path)
    assert [record.epoch for record in reader.refresh().epochs] == [1, 2, 3]


@given(histories(), st.lists(st.integers(0, 3000), max_size=6))
@settings(deadline=None, max_examples=50)
def test_any_growth(tmp_path_factory: pytest.TempPathFactory, records: list, lengths: list[int]) -> None:
    path = tmp_path_factory.mktemp("growth") / "metrics.jsonl"
    content = content_of(records)
    reader, written = MetricsReader(path), 0
    for length in [*sorted(lengths), len(content)]:
        with path.open("ab") as file:
            file.write(content[written:length])
        written = max(written, length)
        assert reader.refresh() == read_history(path)


def test_nothing_new_reads_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(CONTENT)
    reader = MetricsReader(path)
    first = reader.refresh()
    assert reader.refresh() is first
    assert first == read_history(path)


def test_a_file_that_comes_later(tmp_path: Path) -> None:
    reader = MetricsReader(tmp_path / "metrics.jsonl")
    assert reader.refresh().begins == []
    (tmp_path / "metrics.jsonl").write_bytes(CONTENT)
    assert len(reader.refresh().epochs) == 3


@pytest.mark.parametrize("cut", [(0, 0), (0, 2), (1, 0), (2, 1), (3, 0)])
def test_a_cut_is_noticed(tmp_path: Path, cut: tuple[int, int]) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(CONTENT + b'{"torn')
    reader = MetricsReader(path)
    reader.refresh()
    cut_back(path, *cut)
    assert reader.refresh() == read_history(path)


def test_a_cut_that_was_outgrown_before_the_reader_looked(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(CONTENT)
    reader = MetricsReader(path)
    reader.refresh()
    for attempt in range(10):
        for _ in range(2):  # after two cuts the file often has the number of the first one
            cut_back(path, 1, 0)
        with MetricsWriter(path) as writer:
            for step in range(1, 31):
                writer.append(replace(other(2, step), images_per_second=attempt))
        assert reader.refresh() == read_history(path)
        assert len(reader.history.steps) == 33


def test_a_file_rewritten_in_place(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(CONTENT)
    reader = MetricsReader(path)
    reader.refresh()
    path.write_bytes(content_of([RECORDS[0], *(other(1, step) for step in range(1, 100))]))
    assert reader.refresh() == read_history(path)
    assert len(reader.history.steps) == 99


def test_a_damaged_line_is_told_each_time_and_repeats_nothing(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(CONTENT)
    reader = MetricsReader(path)
    before = len(reader.refresh().steps)
    first, second = lines_of([other(4, 1), other(4, 2)])
    path.write_bytes(CONTENT + first + b"nonsense\n" + second)
    for _ in range(3):
        assert reader.refresh().damaged_lines == 1
        assert len(reader.history.steps) == before + 2
    path.write_bytes(CONTENT + first + second)
    assert reader.refresh() == read_history(path)
    assert (len(reader.history.steps), reader.history.damaged_lines) == (before + 2, 0)
