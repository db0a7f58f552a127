"""The history of a training: written, read, cut back, and every way in which its file can be damaged."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from cvae_core.errors import RunDamagedError
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.checksums import seal
from cvae_core.runs.metrics import (
    BeginRecord,
    MetricsReader,
    MetricsWriter,
    Record,
    cut_back,
    decode,
    encode,
    position,
    read_history,
)
from tests.runs.examples import (
    chained,
    content_of,
    histories,
    lines_of,
    sealed,
    some_losses,
    training,
)

BEGIN = BeginRecord(0, 0, "ab", {})
STEP = StepRecord(1, 1, 3, some_losses(), 1e5)
FIRST = encode(BEGIN)


def write(path: Path, records: list[Record]) -> None:
    with MetricsWriter(path) as writer:
        for record in records:
            writer.append(record)


def flat(path: Path) -> list[Record]:
    """All records of a file, by kind and then in order."""
    history = read_history(path)
    return [*history.begins, *history.steps, *history.epochs]


def by_kind(records: list[Record]) -> list[Record]:
    return [record for kind in (BeginRecord, StepRecord, EpochRecord) for record in records if type(record) is kind]


@given(histories())
@settings(deadline=None, max_examples=40)
def test_what_is_appended_is_read(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> None:
    path = tmp_path_factory.mktemp("metrics") / "metrics.jsonl"
    write(path, records)
    assert flat(path) == by_kind(records)
    assert path.read_bytes().count(b"\n") == len(records)


def test_a_second_writer_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(2)
    write(path, records[:3])
    write(path, records[3:])
    assert flat(path) == by_kind(records)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_json_lacks_is_not_written(tmp_path: Path, value: float) -> None:
    path = tmp_path / "metrics.jsonl"
    with MetricsWriter(path) as writer:
        with pytest.raises(ValueError, match="not JSON compliant"):
            writer.append(replace(STEP, train=some_losses(value)))
        write(path, [BEGIN, STEP])
    assert flat(path) == [BEGIN, STEP]


@pytest.mark.parametrize("make", [lambda path: None, Path.touch])
def test_a_run_that_recorded_nothing_has_an_empty_history(tmp_path: Path, make) -> None:
    make(tmp_path / "metrics.jsonl")
    assert flat(tmp_path / "metrics.jsonl") == []
    cut_back(tmp_path / "metrics.jsonl", 0, 0)
    assert flat(tmp_path / "metrics.jsonl") == []


@pytest.mark.parametrize("torn", [1, 9, 50, 100, None])
def test_a_torn_last_line_is_passed_over_and_cut_off(tmp_path: Path, torn: int | None) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(1)
    write(path, records)
    content, last = path.read_bytes(), len(lines_of(records)[-1])
    path.write_bytes(content[: -(torn or last)])
    assert flat(path) == by_kind(records[:-1])
    cut_back(path, 0, 3)
    assert path.read_bytes() == content[:-last]


def test_metrics_of_earlier_versions_are_read_and_renewed_when_cut(tmp_path: Path) -> None:
    path, records = tmp_path / "metrics.jsonl", training(3)
    begin, *others = lines_of(records)
    old = chained([sealed(begin, config_sha256="ab" * 32), *others])
    path.write_bytes(b"".join(old))
    assert (flat(path), read_history(path).damaged_lines) == (by_kind(records), 0)
    # A checksum of a damaged line is as good a start for the next as that of a whole one.
    path.write_bytes(b"".join([*old[:3], old[3].replace(b"steps", b"stept"), *old[4:]]))
    assert flat(path) == by_kind([*records[:3], *records[4:]])
    path.write_bytes(b"".join(old))
    cut_back(path, 1, 0)
    write(path, records[5:])
    assert (flat(path), read_history(path).damaged_lines) == (by_kind(records), 0)


def good(**changes: Any) -> bytes:
    """A step after the first line, with other values and the right checksum."""
    values = json.loads(encode(STEP)) | changes
    del values["check"]
    return seal(values, allow_nan=True)[:-1]


def losses(**changes: Any) -> dict[str, Any]:
    return json.loads(encode(STEP))["train"] | changes


DAMAGED_LINES = [
    b"", b"{", b"null", b"7", b"{}", b"\xff\xfe", b"\0" * 50, b"[" * 100_000, b'{"kind": "step"}',
    encode(STEP)[:40], encode(STEP)[40:-1], good(kind="epoch"), good(kind="verdict"), good(epoch="1"), good(step=True),
    good(images_per_second=float("nan")), good(train=None), good(train=losses(loss=float("inf"))),
    good(train=losses(kl_per_dimension="12")), good(train=losses(kl_per_dimension=[float("-inf")])),
    encode(STEP)[:-1] + b" " * 2**20, b"\r" + encode(STEP)[:-2],
]  # fmt: skip


@pytest.mark.parametrize("line", DAMAGED_LINES)
def test_a_damaged_line_costs_its_own_numbers_and_is_told(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(FIRST + line + b"\n" + encode(STEP))
    is_endless = len(line) > 2**20
    history = read_history(path)
    assert (history.begins, history.steps) == ([BEGIN], [] if is_endless else [STEP])
    assert history.damaged_lines == line.count(b"\n") + 1
    assert history.losses_missing().startswith("Some points of the curve are lost: 1 line of metrics.jsonl cannot")
    cut_back(path, 0, 1)
    assert path.read_bytes() == FIRST + (b"" if is_endless else encode(STEP))
    assert read_history(path).damaged_lines == 0


def test_no_flipped_bit_goes_unnoticed_or_costs_another_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(2)
    content = bytearray(content_of(records))
    before_last = len(content) - len(lines_of(records)[-1])
    for bit in range(0, 8 * before_last, 131):
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        history = read_history(path)
        assert history.damaged_lines and history.losses_missing()
        kept = [*history.begins, *history.steps, *history.epochs]
        assert len(kept) == len(records) - len(set(records_hit(bit, records)))
        assert all(record in records for record in kept)
        content[bit // 8] ^= 1 << bit % 8


def records_hit(bit: int, records: list[Record]) -> list[int]:
    """The lines that a flipped bit damages: that of the bit, and the next if the bit is in the newline between."""
    hit, place = [], 0
    for number, line in enumerate(lines_of(records)):
        if place <= bit // 8 < place + len(line):
            hit = [number, number + 1] if bit // 8 == place + len(line) - 1 else [number]
        place += len(line)
    return hit


def test_a_line_that_is_missing_repeated_or_moved_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(2)
    lines = lines_of(records)
    for number in range(1, len(lines) - 1):
        path.write_bytes(b"".join(lines[:number] + lines[number + 1 :]))
        assert flat(path) == by_kind(records[:number] + records[number + 1 :])
        path.write_bytes(b"".join(lines[: number + 1] + lines[number:]))
        assert (flat(path), read_history(path).damaged_lines) == (by_kind(records), 1)
        path.write_bytes(b"".join([*lines[:number], lines[number + 1], lines[number], *lines[number + 2 :]]))
        assert flat(path) == by_kind(records[:number] + records[number + 1 :])
        assert read_history(path).damaged_lines == 1


def test_what_is_lost_is_told_by_epoch(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(9)
    kept = [record for record in records if not isinstance(record, EpochRecord) or record.epoch not in (2, 4, 5, 9)]
    path.write_bytes(content_of(kept))
    history = read_history(path)
    assert history.missing == [(2, 2), (4, 5)]
    assert history.losses_missing((9, 0)) == (
        "The losses of epochs 2, 4 to 5, 9 are lost: metrics.jsonl lacks lines. The weights are not affected."
    )
    assert [history.has_epochs_until(epoch) for epoch in range(4)] == [True, True, False, False]
    path.write_bytes(content_of(records))
    assert read_history(path).losses_missing((9, 0)) == ""


@pytest.mark.parametrize("epochs", [2, pytest.param(1_100, marks=pytest.mark.slow)])  # all are kept, or a selection
def test_a_missing_line_is_told(tmp_path: Path, epochs: int) -> None:
    path, steps = tmp_path / "metrics.jsonl", 3
    lines = lines_of(training(epochs, steps))
    path.write_bytes(b"".join(lines))
    end = (epochs, 0)
    assert (read_history(path).gap, read_history(path).losses_missing(end)) == (None, "")
    for number in {*range(1, 6), len(lines) - steps - 1, len(lines) - 2} & set(range(1, len(lines) - 1)):
        path.write_bytes(b"".join([*lines[:number], *lines[number + 1 :]]))
        history = read_history(path)
        assert "are lost: metrics.jsonl lacks lines." in history.losses_missing(end), number
        assert history.losses_missing(end, end) == history.losses_missing(end)
        cut_back(path, *end)
        assert read_history(path).losses_missing(end), "and it is still told when training went on"


def test_nothing_is_appended_to_what_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(FIRST + b'{"torn')
    with pytest.raises(RunDamagedError, match="end with a line that cannot be read"):
        MetricsWriter(path)
    assert path.read_bytes() == FIRST + b'{"torn'


def test_metrics_that_end_before_the_point_to_go_on_from_are_kept_and_told(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(2)
    path.write_bytes(content_of(records))
    cut_back(path, 4, 1)
    assert path.read_bytes() == content_of(records)
    later = [record for record in training(6) if not isinstance(record, BeginRecord) and record.epoch > 4]
    write(path, [BeginRecord(4, 0, "ab", {}), *later])
    history = read_history(path)
    assert (history.missing, history.damaged_lines) == ([(3, 4)], 0)
    assert [record.epoch for record in history.epochs] == [1, 2, 5, 6]
    path.unlink()
    cut_back(path, 1, 0)
    assert flat(path) == []


@pytest.mark.parametrize(
    ("version", "sentence"), [(2, "Update the software"), (0, "no valid"), ("1", "cannot be read")]
)
def test_a_history_of_another_schema_is_refused(tmp_path: Path, version: Any, sentence: str) -> None:
    with pytest.raises(RunDamagedError, match=sentence):
        decode(sealed(FIRST, schema_version=version))


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.parent / "outside")])
def test_what_is_no_file_is_neither_read_nor_written(tmp_path: Path, make) -> None:
    path = tmp_path / "metrics.jsonl"
    (tmp_path / "outside").write_bytes(FIRST)
    make(path)
    for act in (read_history, lambda path: cut_back(path, 0, 0)):
        with pytest.raises(RunDamagedError, match="cannot be read"):
            act(path)
    assert (tmp_path / "outside").read_bytes() == FIRST


EPOCHS, STEPS = 3, 4


@pytest.mark.parametrize("epoch", range(EPOCHS))
@pytest.mark.parametrize("step", range(0, STEPS + 1, 2))
def test_cutting_back_drops_what_came_after_and_nothing_else(tmp_path: Path, epoch: int, step: int) -> None:
    path, records = tmp_path / "metrics.jsonl", training(EPOCHS, STEPS)
    write(path, records)
    cut_back(path, epoch, step)
    history = read_history(path)
    assert history.begins == records[:1]
    assert history.steps == [r for r in records if isinstance(r, StepRecord) and position(r) <= (epoch, step)]
    assert [record.epoch for record in history.epochs] == list(range(1, epoch + 1))
    assert [place.name for place in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_cutting_back_drops_later_resumptions_too(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(2)
    again = [BeginRecord(0, 2, "", {}), BeginRecord(1, 0, "", {})]
    write(path, [*records[:3], again[0], *records[3:5], again[1], *records[5:]])
    cut_back(path, 0, 2)
    assert read_history(path).begins == [records[0], again[0]]


def test_going_on_after_a_cut_leaves_neither_gap_nor_duplicate(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(EPOCHS, STEPS)
    kept_until = next(number for number, r in enumerate(records) if isinstance(r, StepRecord) and r.epoch == 2) + 1
    after = [BeginRecord(1, 1, "", {}), *records[kept_until:]]
    for killed_after in range(kept_until, len(records)):
        lines = lines_of(records)
        path.write_bytes(b"".join(lines[:killed_after]) + lines[killed_after][:20])
        cut_back(path, 1, 1)
        write(path, after)
        assert flat(path) == by_kind([*records[:kept_until], *after])


FOLLOWED = training(3)
CONTENT = content_of(FOLLOWED)


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


def test_nothing_new_reads_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(CONTENT)
    reader = MetricsReader(path)
    first = reader.refresh()
    assert reader.refresh() is first
    assert first == read_history(path)


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
    path.write_bytes(content_of([FOLLOWED[0], *(other(1, step) for step in range(1, 100))]))
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
