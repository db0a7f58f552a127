"""The history of a training: written, read, cut back, and every way in which its file can be damaged."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cvae_core.errors import RunDamagedError, StorageError
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.metrics import BeginRecord, MetricsWriter, Record, cut_back, decode, encode, read_history
from tests.runs.examples import any_records, some_losses, training

STEP = StepRecord(1, 1, 3, some_losses(), 1e5)


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


@given(st.lists(any_records, max_size=6))
@settings(deadline=None, max_examples=40)
def test_what_is_appended_is_read(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> None:
    path = tmp_path_factory.mktemp("metrics") / "metrics.jsonl"
    write(path, records)
    assert flat(path) == by_kind(records)
    assert path.read_bytes().count(b"\n") == len(records)


@given(any_records)
@settings(deadline=None, max_examples=50)
def test_a_line_says_the_same_when_it_is_written_again(record: Record) -> None:
    assert decode(encode(record)) == record
    assert encode(decode(encode(record))) == encode(record)


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
        writer.append(STEP)
    assert flat(path) == [STEP]


@pytest.mark.parametrize("make", [lambda path: None, Path.touch])
def test_a_run_that_recorded_nothing_has_an_empty_history(tmp_path: Path, make) -> None:
    make(tmp_path / "metrics.jsonl")
    assert flat(tmp_path / "metrics.jsonl") == []
    cut_back(tmp_path / "metrics.jsonl", 0, 0)
    assert flat(tmp_path / "metrics.jsonl") == []


def test_a_last_line_torn_anywhere_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(1)
    write(path, records)
    content = path.read_bytes()
    last = len(encode(records[-1]))
    for torn in (*range(1, last, 9), last):
        path.write_bytes(content[:-torn])
        assert flat(path) == by_kind(records[:-1])
        cut_back(path, 99, 0)
        assert path.read_bytes() == content[:-last]


def good(**changes: Any) -> bytes:
    return json.dumps(json.loads(encode(STEP)) | changes).encode()


def losses(**changes: Any) -> dict[str, Any]:
    return json.loads(encode(STEP))["train"] | changes


DAMAGED_LINES = [
    b"", b"{", b"null", b"[]", b"7", b'"step"', b"{}", b"\xff\xfe", b"\0" * 50, b"[" * 100_000,
    b'{"kind": "step"}', b'{"kind": "verdict"}', b'{"kind": ["step"]}', encode(STEP)[:40], encode(STEP)[40:-1],
    good(kind="epoch"), good(colour=1), good(epoch=-1), good(epoch="1"), good(epoch=1.5), good(step=True),
    good(epoch=10**400), good(images_per_second=float("nan")), good(images_per_second=None), good(train=None),
    good(train=[]), good(train=losses(loss=float("nan"))), good(train=losses(loss=10**400)),
    good(train=losses(kl=float("inf"))), good(train=losses(kl="0")), good(train=losses(kl_per_dimension=None)),
    good(train=losses(kl_per_dimension=["1"])), good(train=losses(kl_per_dimension="12")),
    good(train=losses(kl_per_dimension=[float("-inf")])), good(train=losses(colour=1)),
    encode(STEP)[:-1] + b" " * 2**20, b"\r" + encode(STEP)[:-2],
]  # fmt: skip


@pytest.mark.parametrize("line", DAMAGED_LINES)
def test_a_damaged_line_in_the_middle_is_told(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "metrics.jsonl"
    content = encode(STEP) + line + b"\n" + encode(STEP)
    path.write_bytes(content)
    for act in (read_history, lambda path: cut_back(path, 9, 0)):
        with pytest.raises(RunDamagedError, match=r"^The metrics of the run hold a line (that cannot be read|longer)"):
            act(path)
    assert path.read_bytes() == content


def test_the_line_that_the_damages_start_from_is_a_good_one() -> None:
    assert decode(good()) == STEP


@pytest.mark.parametrize(("version", "sentence"), [(2, "Update the software"), (0, "no valid"), ("1", "no valid")])
def test_a_history_of_another_schema_is_refused(tmp_path: Path, version: Any, sentence: str) -> None:
    values = json.loads(encode(BeginRecord(0, 0, "", {}))) | {"schema_version": version}
    with pytest.raises(RunDamagedError, match=sentence):
        decode(json.dumps(values).encode())


@given(st.binary(max_size=100))
@settings(deadline=None)
def test_any_line_is_a_record_or_damaged(line: bytes) -> None:
    with pytest.raises(RunDamagedError):
        decode(line)


def test_a_huge_file_without_lines_is_refused_at_once(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    with path.open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(RunDamagedError, match="line longer than 1024 KiB"):
        read_history(path)


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: path.symlink_to(path.parent / "outside")])
def test_what_is_no_file_is_neither_read_nor_written(tmp_path: Path, make) -> None:
    path = tmp_path / "metrics.jsonl"
    (tmp_path / "outside").write_bytes(encode(STEP))
    make(path)
    for act in (read_history, lambda path: cut_back(path, 0, 0)):
        with pytest.raises(RunDamagedError, match="cannot be read"):
            act(path)
    assert (tmp_path / "outside").read_bytes() == encode(STEP)


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.symlink_to(path.parent / "outside")])
def test_nothing_is_appended_to_what_is_no_file(tmp_path: Path, make) -> None:
    make(tmp_path / "metrics.jsonl")
    with pytest.raises(StorageError):
        MetricsWriter(tmp_path / "metrics.jsonl")
    assert not (tmp_path / "outside").exists()


EPOCHS, STEPS = 3, 4


def position(record: StepRecord | EpochRecord) -> tuple[int, int]:
    return (record.epoch - 1, record.step) if isinstance(record, StepRecord) else (record.epoch, 0)


@pytest.mark.parametrize("epoch", range(EPOCHS + 2))
@pytest.mark.parametrize("step", range(STEPS + 1))
def test_cutting_back_drops_what_came_after_and_nothing_else(tmp_path: Path, epoch: int, step: int) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(EPOCHS, STEPS)
    write(path, records)
    cut_back(path, epoch, step)
    history = read_history(path)
    assert history.begins == records[:1]
    kept = [r for r in records if isinstance(r, StepRecord) and position(r) <= (epoch, step)]
    assert history.steps == kept
    assert [record.epoch for record in history.epochs] == list(range(1, min(epoch, EPOCHS) + 1))
    assert [place.name for place in tmp_path.iterdir()] == ["metrics.jsonl"]


def test_cutting_back_drops_later_resumptions_too(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    begins = [BeginRecord(0, 0, "", {}), BeginRecord(1, 2, "", {}), BeginRecord(2, 0, "", {})]
    write(path, list(begins))
    cut_back(path, 1, 2)
    assert read_history(path).begins == begins[:2]


def test_going_on_after_a_cut_leaves_neither_gap_nor_duplicate(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    records = training(EPOCHS, STEPS)
    for killed_after in range(1, len(records)):
        path.unlink(missing_ok=True)
        write(path, records[:killed_after])
        with path.open("ab") as file:
            file.write(encode(records[killed_after])[:20])
        cut_back(path, 1, 2)
        after = [r for r in records[1:] if not isinstance(r, BeginRecord) and position(r) > (1, 2)]
        write(path, [BeginRecord(1, 2, "", {}), *after])
        history = read_history(path)
        kept = [r for r in records[:killed_after] if isinstance(r, BeginRecord) or position(r) <= (1, 2)]
        assert [*history.begins, *history.steps, *history.epochs] == by_kind([*kept, BeginRecord(1, 2, "", {}), *after])
