"""An archive that lies is refused with its reason, and leaves nothing behind."""

from __future__ import annotations

import json
import shutil
import struct
import warnings
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load, save

from cvae_core.config.run import RunConfig
from cvae_core.errors import ArchiveError
from cvae_core.runs.archive import manifest as manifest_module
from cvae_core.runs.archive import manifest as names
from cvae_core.runs.archive import reader
from cvae_core.runs.archive.manifest import Manifest
from cvae_core.runs.run import Run
from cvae_core.runs.summary import describe
from tests.dashboard.run_states import make_run, random_weights, tiny_config
from tests.runs.archive.forgery import (
    FACTS,
    MANIFEST,
    WEIGHTS,
    Files,
    contents,
    everything_in,
    forged,
    packed,
    refusal,
    resealed,
    stopped_run,
    unpacked,
    with_arrays,
    with_config,
    zipped,
)

PLACES = 50


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return packed(stopped_run(tmp_path_factory.mktemp("lies"), "mine"))


@pytest.fixture
def there(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    make_run(folder, "neighbour", "finished", epochs=1)
    return folder


def test_the_honest_one_is_taken(archive: bytes, there: Path) -> None:
    assert unpacked(archive, there).run.id == "mine"
    assert unpacked(forged(archive, lambda files, manifest: None), there, "zipped-again").run.id == "zipped-again"


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), bytes(10_000)])
def test_what_is_no_zip_file(content: bytes, there: Path) -> None:
    said = refusal(content, there)
    assert any(words in said for words in ("it is empty", "not a ZIP file", "cut off"))


@pytest.mark.parametrize("place", range(PLACES))
def test_cut_off_anywhere(place: int, archive: bytes, there: Path) -> None:
    refusal(archive[: len(archive) * place // PLACES], there)


def test_cut_off_in_the_middle(archive: bytes, there: Path) -> None:
    for size in (1, 2, len(archive) // 7, len(archive) - 1):
        refusal(archive[:-size], there)
        refusal(archive[size:], there)


def test_something_before_or_after(archive: bytes, there: Path) -> None:
    assert "not a ZIP file" in refusal(b"#!/bin/sh\n" + archive, there)
    assert "before its first file" in refusal(archive[:40] + archive, there)
    assert "appended" in refusal(archive + b"x", there)
    assert "appended" in refusal(archive + b"x" * 1000, there)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_flipped_bit_is_noticed_or_harmless(data: st.DataObject, archive: bytes, tmp_path: Path) -> None:
    weights_end = archive.rindex(b"PK\x01\x02", 0, archive.index(b"PK\x01\x02") + 4)
    place = data.draw(st.one_of(st.integers(0, len(archive) - 1), st.integers(weights_end, len(archive) - 1)))
    flipped = bytearray(archive)
    flipped[place] ^= 1 << data.draw(st.integers(0, 7))
    honest = tmp_path / "honest"
    if not honest.exists():
        unpacked(archive, honest, "mine")
    try:
        found = unpacked(bytes(flipped), tmp_path / "flipped", "mine").run
    except ArchiveError:
        assert not everything_in(tmp_path / "flipped")
        return
    assert describe(found) == describe(Run(honest / "mine"))
    for path in honest.rglob("*.safetensors"):
        assert (tmp_path / "flipped" / path.relative_to(honest)).read_bytes() == path.read_bytes()
    shutil.rmtree(tmp_path / "flipped")


BAD_NAMES = {
    "../evil.json": "leads outside",
    "snapshots/../../evil.json": "leads outside",
    "snapshots/000001/../../../evil.json": "leads outside",
    "/etc/evil.json": "leads outside",
    "C:/evil.json": "leads outside",
    "..\\evil.json": "leads outside",
    "\\evil.json": "leads outside",
    "//server/evil.json": "leads outside",
    "lock": "which no run has",
    "control/stop": "which no run has",
    "worker.log": "which no run has",
    "evil.sh": "which no run has",
    "snapshots/": "which no run has",
    "snapshots/000001": "which no run has",
    "snapshots/1/weights.safetensors": "which no run has",
    "snapshots/٠٠٠٠٠١/weights.safetensors": "which no run has",
    "snapshots/000001/deep/weights.safetensors": "which no run has",
    "snapshots/000001/weights.pickle": "which no run has",
    "snapshots/000001/more.json": "which no run has",
    "snapshots/000001/state.json": "which no run has",
    "snapshots/000001/.weights.safetensors": "which no run has",
    "snapshots/.tmp-000001/weights.safetensors": "which no run has",
    "./config.json": "which no run has",
    "config.json/": "which no run has",
    "": "which no run has",
    "![](http://outside/picture.png)": "leads outside",
    "Config.json": "in case only",
    "SNAPSHOTS/000001/weights.safetensors": "in case only",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_no_run_has(name: str, archive: bytes, there: Path) -> None:
    said = refusal(forged(archive, lambda files, manifest: files.update({name: b"evil"})), there)
    assert BAD_NAMES[name] in said
    assert "http" not in said


def test_a_name_that_goes_on_after_its_end(archive: bytes, there: Path) -> None:
    made = forged(archive, lambda files, manifest: files.update({"config.json#.txt": b"evil"}))
    assert "which no run has" in refusal(made.replace(b"config.json#", b"config.json\0"), there)


@settings(max_examples=200)
@given(st.text(max_size=30) | st.from_regex(r"(snapshots|checkpoints)/[0-9./]{1,8}/[a-z.]{1,12}"))
def test_whatever_name_is_let_through_lies_inside(name: str) -> None:
    try:
        names.check_names([*names.NEEDED, name])
    except ArchiveError:
        return
    folder = Path("/runs/run")
    assert (folder / name).resolve().is_relative_to(folder)
    assert name.isascii() and len(Path(name).parts) == 3


@pytest.mark.parametrize("name", ["config.json", WEIGHTS, MANIFEST])
def test_a_name_that_comes_twice(name: str, archive: bytes, there: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = refusal(zipped([*contents(archive).items(), (name, contents(archive)[name])]), there)
    assert f"'{name}' twice" in said


@pytest.mark.parametrize("name", ["config.json", "status.json", "metrics.jsonl", MANIFEST])
def test_a_file_that_is_needed_and_missing(name: str, archive: bytes, there: Path) -> None:
    files = contents(archive)
    del files[name]
    assert f"{name} is missing" in refusal(zipped(files), there)


def test_a_file_that_only_the_manifest_has_and_one_that_it_has_not(archive: bytes, there: Path) -> None:
    files = contents(archive)
    assert "is not in its manifest" in refusal(zipped(files | {"snapshots/000009/weights.safetensors": b"x"}), there)
    del files[WEIGHTS]
    assert "is missing, but in its manifest" in refusal(zipped(files), there)


def _entry(archive: bytes, change: Callable[[zipfile.ZipInfo], None], name: str = WEIGHTS) -> bytes:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for key, content in contents(archive).items():
            entry = zipfile.ZipInfo(key)
            if key == name:
                change(entry)
            made.writestr(entry, content)
    return stream.getvalue()


@pytest.mark.parametrize("mode", [0o120777, 0o060644, 0o020644, 0o010644, 0o040755, 0o140644])
def test_links_devices_and_folders(mode: int, archive: bytes, there: Path) -> None:
    said = refusal(_entry(archive, lambda entry: setattr(entry, "external_attr", mode << 16)), there)
    assert "a link or no ordinary file" in said


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(method: int, archive: bytes, there: Path) -> None:
    said = refusal(_entry(archive, lambda entry: setattr(entry, "compress_type", method)), there)
    assert "compressed in an unknown way" in said


def _patched_directory(archive: bytes, name: str, offset: int, form: str, value: int) -> bytes:
    """Change a field of a file's entry in the list at the archive's end."""
    patched = bytearray(archive)
    start = archive.rindex(name.encode()) - 46
    assert patched[start : start + 4] == b"PK\x01\x02"
    struct.pack_into(form, patched, start + offset, value)
    return bytes(patched)


@pytest.mark.parametrize("flags", [0x01, 0x41])
def test_encrypted_files(flags: int, archive: bytes, there: Path) -> None:
    assert "encrypted" in refusal(_patched_directory(archive, "config.json", 8, "<H", flags), there)


def test_a_bomb_that_says_so(archive: bytes, there: Path) -> None:
    def blow_up(files: Files, manifest: dict[str, Any]) -> None:
        files["metrics.jsonl"] = bytes(120 * 2**20)

    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in contents(forged(archive, blow_up)).items():
            made.writestr(name, content)
    assert len(stream.getvalue()) < 2**20
    assert "would unfold to more than 100 times its size" in refusal(stream.getvalue(), there)


def test_a_bomb_of_many_files(archive: bytes, there: Path) -> None:
    """Each unfolds to fifty times its size, so that none is suspicious by itself."""
    dust, line = np.random.default_rng(0).bytes(2**14), bytes(2**20)

    def fill(files: Files, manifest: dict[str, Any]) -> None:
        for epoch in range(100, 200):
            files[f"snapshots/{epoch:06d}/weights.safetensors"] = dust + line

    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in contents(forged(archive, fill)).items():
            made.writestr(name, content)
    assert "it would unfold to more than 4 times its size" in refusal(stream.getvalue(), there)


def test_weights_too_large_for_the_network_are_not_read(
    archive: bytes, there: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(*_: object) -> None:
        raise AssertionError("it was read")

    large = forged(archive, lambda files, told: files.update({"snapshots/000000/weights.safetensors": bytes(2**22)}))
    monkeypatch.setattr("cvae_core.runs.archive.unpack.load_snapshot", read)
    assert "weights.safetensors is too large for the network" in refusal(large, there)


@pytest.mark.parametrize("claimed", [0, 1, 2**26])
def test_a_bomb_that_lies_about_its_size(claimed: int, archive: bytes, there: Path) -> None:
    patched = _patched_directory(archive, "metrics.jsonl", 24, "<L", claimed)
    said = refusal(patched, there)
    assert "another size" in said or "would unfold" in said


def test_a_small_file_that_is_large(archive: bytes, there: Path) -> None:
    large = b" " * (reader.LIMITS["config.json"] + 1)
    said = refusal(forged(archive, lambda files, manifest: files.update({"config.json": large})), there)
    assert "larger than 64 KiB" in said


@pytest.mark.parametrize("part", ['"{}":0', '"a{}":[]'])
def test_a_manifest_of_more_parts_than_can_be_checked_is_refused_unchecked(
    part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check(*_: object) -> None:
        raise AssertionError("it was checked")

    monkeypatch.setattr(Manifest, "model_validate_json", check)
    with pytest.raises(ArchiveError, match="its manifest is too long"):
        Manifest.from_json(("{" + ",".join(part.format(number) for number in range(100_000)) + "}").encode())


def test_files_that_overlap(archive: bytes, there: Path) -> None:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        first = opened.getinfo("snapshots/000000/weights.safetensors").header_offset
    assert "overlap" in refusal(_patched_directory(archive, WEIGHTS, 42, "<L", first), there)
    assert "overlap" in refusal(_patched_directory(archive, WEIGHTS, 20, "<L", len(archive)), there)


def test_more_files_than_any_run_has(archive: bytes, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (manifest_module, reader):
        monkeypatch.setattr(module, "MOST_FILES", 5)
    assert "too many files" in refusal(archive, there)


@pytest.mark.parametrize(
    ("mark", "count", "listed", "place", "words"),
    [
        (b"PK\x06\x06", 10**9, 10**9, 0, "too many files"),
        (b"PK\x06\x06", 5, 10**9, 0, "list of its files is too long"),
        (b"PK\x06\x06", 5, 1000, -1, "its end cannot be read"),
        (b"PK\x06\x05", 5, 1000, 0, "its end cannot be read"),
    ],
)
def test_a_second_end_that_promises_more_files_is_not_believed(
    mark: bytes, count: int, listed: int, place: int, words: str, archive: bytes, there: Path
) -> None:
    second = struct.pack("<4sQ2H2L4Q", mark, 44, 45, 45, 0, 0, count, count, listed, 0)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, len(archive) - 22 + place, 1)
    assert words in refusal(archive[:-22] + second + locator + archive[-22:], there)


def test_an_honest_larger_end_is_taken(archive: bytes, there: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = contents(archive)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", len(archive) // 2)
    large = zipped(files)
    assert large[-42:-38] == b"PK\x06\x07"
    monkeypatch.undo()
    assert unpacked(large, there).run.id == "mine"


@pytest.mark.parametrize("name", ["config.json", "status.json", "metrics.jsonl", WEIGHTS])
def test_a_wrong_checksum(name: str, archive: bytes, there: Path) -> None:
    files = contents(archive)
    changed = bytearray(files[name])
    changed[-2] ^= 1
    said = refusal(zipped(files | {name: bytes(changed)}), there)
    assert f"'{name}'" in said and "checksum is wrong" in said


def test_a_damaged_part(archive: bytes, there: Path) -> None:
    torn = bytearray(archive)
    torn[archive.index(b"snapshots/000001") + 5000] ^= 1
    assert "damaged" in refusal(bytes(torn), there)


LIES: dict[str, tuple[Callable[[Files, dict[str, Any]], Any], str]] = {
    "format": (lambda files, told: told.update(format="other"), "manifest is not valid: format"),
    "future": (lambda files, told: told.update(schema_version=99), "schema version 99"),
    "extra": (lambda files, told: told.update(extra=1), "manifest is not valid"),
    "no files": (lambda files, told: told.pop("files"), "manifest is not valid: files"),
    "checksum": (lambda files, told: told.update(data_sha256="xyz"), "manifest is not valid: data_sha256"),
    "name": (lambda files, told: told.update(run="../up"), "name of its run is not valid"),
    "no name": (lambda files, told: told.update(run=""), "name of its run is not valid"),
    "state": (lambda files, told: told.update(state="finished"), "the state in its manifest"),
    "seed": (lambda files, told: told.update(seed=7), "the seed in its manifest"),
    "data": (lambda files, told: told.update(data_sha256="1" * 64), "the checksum of the data"),
    "versions": (lambda files, told: told.update(versions={"numpy": "3"}), "the versions"),
    "epochs": (lambda files, told: told.update(epochs=5), "the number of epochs in its manifest"),
    "snapshots": (lambda files, told: told.update(snapshots=[0, 1]), "other snapshots than there are"),
    "checkpoint": (lambda files, told: told.update(checkpoint=None), "another checkpoint than there is"),
    "other checkpoint": (
        lambda files, told: told.update(checkpoint="000001-00000000"),
        "another checkpoint than there is",
    ),
    "negative size": (
        lambda files, told: told["files"].update({"snapshots/000009/a.json": {"size": -1, "sha256": "0" * 64}}),
        "manifest is not valid: files",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_manifest_that_disagrees(lie: str, archive: bytes, there: Path) -> None:
    change, words = LIES[lie]
    assert words in refusal(forged(archive, change), there)


def _config(**changes: Any) -> Callable[[Files, dict[str, Any]], None]:
    return lambda files, manifest: with_config(files, **changes)


def _status(**changes: Any) -> Callable[[Files, dict[str, Any]], None]:
    return lambda files, manifest: files.update({"status.json": resealed(files["status.json"], **changes)})


def _put(**new: bytes) -> Callable[[Files, dict[str, Any]], None]:
    return lambda files, manifest: files.update({name.replace("__", "."): content for name, content in new.items()})


BROKEN: dict[str, tuple[Callable[[Files, dict[str, Any]], None], str]] = {
    "no config": (_put(config__json=b"{"), "onfiguration is not valid JSON"),
    "config from the future": (_config(schema_version=99), "schema version 99"),
    "unknown setting": (_config(evil=1), "no setting 'evil'"),
    "setting out of range": (_config(model={"latent_dim": 0}), "latent_dim is 0"),
    "other network": (_config(model={"latent_dim": 3}), "the snapshot of epoch 0 does not fit"),
    "unknown data": (_config(data={"dataset": "weather"}), "no data set 'weather'"),
    "picture in a text": (_config(preset="![](http://outside/x.png)"), "a text in it"),
    "another configuration": (_put(config__json=RunConfig().to_json().encode()), "the number of epochs in its status"),
    "picture in an error": (_status(problem="![](http://outside/x.png)"), "a text in it"),
    "no status": (_put(status__json=b"[]"), "the status of the run should be a JSON object"),
    "unknown state": (_status(state="dancing"), "status of the run"),
    "other epochs": (_status(epochs=7), "the number of epochs in its status"),
    "impossible progress": (_status(epoch=10**6), "impossible progress"),
    "no metrics": (_put(metrics__jsonl=b"nonsense\n"), "lines of its metrics cannot be read, 1 in all"),
    "no weights": (_put(**{WEIGHTS: b"torn"}), "the snapshot of epoch 1 does not fit"),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_files_that_no_reader_takes(fault: str, archive: bytes, there: Path) -> None:
    change, words = BROKEN[fault]
    assert words in refusal(forged(archive, change), there)


@pytest.mark.parametrize("about", [b"", b"[]", b"\xff", b'{"schema_version": 1, "name": "\\ud800"}'])
def test_a_name_and_a_note_that_cannot_be_read(about: bytes, archive: bytes, there: Path) -> None:
    said = refusal(forged(archive, lambda files, told: files.update({"about.json": about})), there)
    assert "the file with the name and note of the run" in said


def test_metrics_with_a_gap_or_a_duplicate(archive: bytes, there: Path) -> None:
    def doubled(files: Files, manifest: dict[str, Any]) -> None:
        lines = files["metrics.jsonl"].splitlines(keepends=True)
        files["metrics.jsonl"] = b"".join([*lines, lines[-1]])
        manifest["epochs"] += 1

    def cut(files: Files, manifest: dict[str, Any]) -> None:
        lines = files["metrics.jsonl"].splitlines(keepends=True)
        files["metrics.jsonl"] = b"".join([lines[0], b"nonsense\n", *lines[4:]])
        manifest["epochs"] -= 1

    def short(files: Files, manifest: dict[str, Any]) -> None:
        files["metrics.jsonl"] = b"".join(files["metrics.jsonl"].splitlines(keepends=True)[:3])

    for change in (doubled, cut):
        assert "lines of its metrics cannot be read, 1 in all" in refusal(forged(archive, change), there)
    assert "the number of epochs in its manifest" in refusal(forged(archive, short), there)


def test_weights_of_another_shape(archive: bytes, there: Path) -> None:
    weights = random_weights(tiny_config(), 0)
    name = next(iter(weights))

    def changed(array: np.ndarray) -> Callable[[Files, dict[str, Any]], None]:
        return lambda files, manifest: with_arrays(files, WEIGHTS, FACTS, save(weights | {name: array}))

    for array in (weights[name][:-1].copy(), weights[name].astype(np.float64), weights[name].T.copy()):
        said = refusal(forged(archive, changed(array)), there)
        assert f"the snapshot of epoch 1 does not fit: The weight {name} should be float32" in said


@pytest.mark.parametrize("what", ["weights/output/bias", "first_moment", "second_moment", "more"])
def test_a_checkpoint_of_another_network(what: str, archive: bytes, there: Path) -> None:
    arrays_file, facts = (f"checkpoints/000002-00000000/state.{ending}" for ending in ("safetensors", "json"))

    def change(files: Files, manifest: dict[str, Any]) -> None:
        arrays = load(files[arrays_file])
        with_arrays(files, arrays_file, facts, save(arrays | {what: np.zeros(3, np.float32)}))

    assert what.rpartition("/")[2] in refusal(forged(archive, change), there)


def test_a_checkpoint_without_its_facts(archive: bytes, there: Path) -> None:
    said = refusal(forged(archive, _put(**{"checkpoints/000002-00000000/state__json": b"{}"})), there)
    assert "its checkpoint cannot be read" in said


def test_a_snapshot_of_later_than_the_end(archive: bytes, there: Path) -> None:
    def later(files: Files, manifest: dict[str, Any]) -> None:
        files["snapshots/000900/weights.safetensors"] = files[WEIGHTS]
        files["snapshots/000900/snapshot.json"] = resealed(files[FACTS], epoch=900)
        manifest["snapshots"].append(900)

    assert "a later epoch" in refusal(forged(archive, later), there)


@settings(max_examples=100)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda of: st.lists(of) | st.dictionaries(st.text(max_size=9), of),
    )
)
def test_any_json_is_a_manifest_or_refused(value: Any) -> None:
    with pytest.raises(ArchiveError):
        Manifest.from_json(json.dumps(value).encode())


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(ArchiveError):
        Manifest.from_json(content)
    with pytest.raises(ArchiveError), reader.opened(BytesIO(content)):
        pass
