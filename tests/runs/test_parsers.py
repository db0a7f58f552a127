"""Whatever stands in a file of a run: a value that makes sense or one sentence, and nothing in it is ever run."""

from __future__ import annotations

import json
import math
import pickle
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from cvae_core.config.run import RunConfig
from cvae_core.errors import CvaeError, RunDamagedError
from cvae_core.records import EpochRecord, StepRecord
from cvae_core.runs.checkpoints import newest_checkpoint
from cvae_core.runs.checksums import is_sealed, seal
from cvae_core.runs.metrics import BeginRecord, decode, encode, read_history
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import load_snapshot
from cvae_core.runs.status import read_status
from cvae_core.runs.summary import describe, overview
from tests.runs.examples import any_records, histories, lines_of
from tests.runs.hostile import complete_run, config
from tests.runs.watch import watched

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
    | st.sampled_from(["running", "step", "begin", 10**400, -1, 2**53, 2**53 + 1, "1", 1e308, -0.0, "__import__('os')"])
)  # fmt: skip
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
objects = st.dictionaries(st.text(max_size=12), anything, max_size=6)


@given(objects, st.binary(min_size=1, max_size=20))
def test_what_is_sealed_is_recognised_and_says_the_same(values: dict[str, Any], noise: bytes) -> None:
    values = {name: value for name, value in values.items() if name != "check"} | {"z": 1}
    line = seal(values, allow_nan=True)
    assert is_sealed(line) and line.endswith(b"\n") and line.count(b"\n") == 1
    found = json.loads(line)
    del found["check"]
    assert json.dumps(found) == json.dumps(values)
    assert not is_sealed(line[:-1]) and not is_sealed(noise + line) and not is_sealed(line + noise)


@given(st.integers(0), st.integers(1, 2**32 - 1), objects)
def test_no_change_within_four_bytes_goes_unnoticed(place: int, change: int, values: dict[str, Any]) -> None:
    line = bytearray(seal(values | {"z": 1}, allow_nan=True))
    at = place % (len(line) - 3)
    line[at : at + 4] = struct.pack("<I", struct.unpack("<I", line[at : at + 4])[0] ^ change)
    assert not is_sealed(bytes(line))


def sealed_value(values: dict[str, Any], name: str, value: Any) -> bytes:
    return seal({key: kept for key, kept in values.items() if key != "check"} | {name: value}, allow_nan=True)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return complete_run(tmp_path_factory.mktemp("parsers"), "run")


FILES: dict[str, Callable[[Run], object]] = {
    "status.json": lambda run: read_status(run.status_file),
    "snapshots/000001/snapshot.json": lambda run: load_snapshot(run.snapshots_folder, 1),
    "checkpoints/000003-00000000/state.json": lambda run: newest_checkpoint(run.checkpoints_folder),
}


@pytest.mark.parametrize("name", FILES)
@given(data=st.data())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_value_in_a_well_sealed_file_makes_sense_or_is_refused(name: str, data: st.DataObject, run: Run) -> None:
    path = run.path / name
    content = path.read_bytes()
    values = json.loads(content)
    changed = data.draw(st.sampled_from([*values, "novelty"]))
    try:
        path.write_bytes(sealed_value(values, changed, data.draw(anything)))
        _value_or_sentence(lambda: FILES[name](run))
        assert overview(run).state in ("finished", "failed", "stopped", "interrupted", "broken")
    finally:
        path.write_bytes(content)


@pytest.mark.parametrize("name", FILES)
@given(values=objects)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_well_sealed_object_is_refused(name: str, values: dict[str, Any], run: Run) -> None:
    path = run.path / name
    content = path.read_bytes()
    before = repr(newest_checkpoint(run.checkpoints_folder))
    try:
        path.write_bytes(seal({"schema_version": 1, **values}, allow_nan=True))
        if name.startswith("checkpoints"):
            assert repr(newest_checkpoint(run.checkpoints_folder)) != before
        else:
            with pytest.raises(RunDamagedError):
                FILES[name](run)
    finally:
        path.write_bytes(content)


def _value_or_sentence(read: Callable[[], object]) -> object:
    try:
        return read()
    except CvaeError as error:
        assert error.problem.endswith(".") and len(error.problem) < 400
        return None


@given(anything | objects)
@example({"model": {"kind": ["cvae"]}})
@example({"schema_version": True})
def test_any_json_is_a_configuration_or_refused(values: Any) -> None:
    found = _value_or_sentence(lambda: RunConfig.from_json(json.dumps(values)))
    assert found is None or isinstance(found, RunConfig)


@given(st.data(), anything)
@settings(max_examples=300)
def test_any_setting_makes_sense_or_is_refused(data: st.DataObject, value: Any) -> None:
    values = json.loads(config().to_json())
    section = data.draw(st.sampled_from([None, "data", "model", "train"]))
    part = values if section is None else values[section]
    part[data.draw(st.sampled_from([*part, "novelty"]))] = value
    found = _value_or_sentence(lambda: RunConfig.from_json(json.dumps(values)))
    if isinstance(found, RunConfig):
        assert RunConfig.from_json(found.to_json()) == found
        assert all(math.isfinite(number) for number in found.train.model_dump().values() if isinstance(number, float))


@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda content: content.decode("latin-1")))
def test_any_text_is_no_configuration(text: str) -> None:
    _value_or_sentence(lambda: RunConfig.from_json(text))


@given(st.data(), any_records, anything)
@settings(max_examples=300)
def test_any_value_in_a_well_sealed_line_makes_sense_or_is_refused(
    data: st.DataObject, record: Any, value: Any
) -> None:
    values = json.loads(encode(record))
    losses = [values[name] for name in ("train", "test") if name in values]
    part = data.draw(st.sampled_from([values, *losses]))
    part[data.draw(st.sampled_from([name for name in part if name != "check"]))] = value
    values.pop("check")
    found = _value_or_sentence(lambda: decode(seal(values, allow_nan=True)))
    if found is not None:
        assert decode(encode(found)) == found  # type: ignore[arg-type]  # nothing that could not be written again


@given(histories(8), st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=4), st.binary(max_size=30))
def test_of_lines_in_any_order_those_that_rise_are_read_and_the_others_counted(
    tmp_path_factory: pytest.TempPathFactory, records: list[Any], moves: list[tuple[int, int]], torn: bytes
) -> None:
    moved = list(records)
    for source, target in moves:
        if moved:
            moved.insert(target % (len(moved) + 1), moved.pop(source % len(moved)))
    path = tmp_path_factory.getbasetemp() / "any-order.jsonl"
    path.write_bytes(b"".join(lines_of(moved)) + torn.replace(b"\n", b""))
    found = read_history(path)
    for kind, kept in ((BeginRecord, found.begins), (StepRecord, found.steps), (EpochRecord, found.epochs)):
        in_order = [record for record in moved if isinstance(record, kind)]
        assert _is_part(kept, in_order)
        places = [(record.epoch, getattr(record, "step", 0)) for record in kept]
        assert places == sorted(places)
        assert moved != records or kept == in_order
    assert found.lines + found.damaged_lines == len(records)


def _is_part(part: list[Any], whole: list[Any]) -> bool:
    rest = iter(whole)
    return all(any(record is other or record == other for other in rest) for record in part)


class _Trap:
    """Unpickled, it would leave a file behind."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return Path.touch, (self._path,)  # type: ignore[return-value]


def test_nothing_is_unpickled_or_evaluated(tmp_path: Path) -> None:
    bait = tmp_path / "sprung"
    traps = [
        pickle.dumps(_Trap(bait)),
        pickle.dumps(_Trap(bait), 0),
        f"__import__('pathlib').Path({str(bait)!r}).touch()\n".encode(),
        b"!!python/object/apply:pathlib.Path.touch\nargs: [" + str(bait).encode() + b"]\n",
        json.dumps({"schema_version": 1, "py/reduce": [{"py/function": "os.system"}, f"touch {bait}"]}).encode(),
        b"\x93NUMPY\x01\x00v\x00{'descr': '|O', 'fortran_order': False, 'shape': (1,), }" + pickle.dumps(_Trap(bait)),
    ]
    whole = complete_run(tmp_path / "whole", "run")
    names = [path.relative_to(whole.path) for path in whole.path.rglob("*") if path.is_file()]
    for number, trap in enumerate(traps):
        run = Run(Path(shutil.copytree(whole.path, tmp_path / str(number) / "run")))
        for name in names:
            (run.path / name).write_bytes(trap)
            with watched() as seen:
                overview(run)
                for read in (*FILES.values(), lambda run: read_history(run.metrics_file), describe, Run.config):
                    _value_or_sentence(lambda read=read, run=run: read(run))  # type: ignore[misc]
            assert seen.ran() == []
    assert not bait.exists()
    pickle.loads(traps[0])
    assert bait.exists(), "the trap would have sprung"


def test_the_watch_sees_what_would_run() -> None:
    with watched() as seen:
        eval("1 + 1")
        pickle.loads(pickle.dumps(Path("x")))
    assert any(event.startswith("compile") for event in seen.ran())
    assert any(event.startswith("pickle.find_class") for event in seen.ran())
