"""Fashion-MNIST from planted files, in the form in which Keras keeps them."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from cvae_core.architecture import DataShape
from cvae_core.data import fashion_mnist
from cvae_core.errors import DataError, DataUnavailableError

PARTS = {"train": 60_000, "t10k": 10_000}


def pixels(part: str) -> np.ndarray:
    """Each image is flat, in a grey that follows from its place."""
    return np.repeat(np.arange(PARTS[part], dtype=np.uint8), 28 * 28)


def labels(part: str) -> np.ndarray:
    return (np.arange(PARTS[part]) * 3 % 10).astype(np.uint8)


def idx(values: np.ndarray, *dimensions: int) -> bytes:
    magic = 0x0800 + len(dimensions)
    return struct.pack(f">{len(dimensions) + 1}I", magic, *dimensions) + values.tobytes()


@pytest.fixture(scope="module")
def originals() -> dict[str, bytes]:
    files = {}
    for part, count in PARTS.items():
        files[f"{part}-images-idx3-ubyte.gz"] = gzip.compress(idx(pixels(part), count, 28, 28), 1)
        files[f"{part}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels(part), count), 1)
    return files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, originals: dict[str, bytes]) -> Path:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    folder = tmp_path / "datasets" / "fashion-mnist"
    folder.mkdir(parents=True)
    for name, content in originals.items():
        (folder / name).write_bytes(content)
    return folder


def test_the_planted_clothes_are_read(folder: Path) -> None:
    clothes = fashion_mnist.load()
    assert fashion_mnist.is_downloaded()
    assert clothes.shape == DataShape(28, 28, 1, 10)
    assert clothes.train.images.dtype == np.uint8 and clothes.train.labels.dtype == np.int64
    assert np.array_equal(clothes.train.images.ravel(), pixels("train"))
    assert np.array_equal(clothes.test.images.ravel(), pixels("t10k"))
    assert np.array_equal(clothes.train.labels, labels("train"))
    assert np.array_equal(clothes.test.labels, labels("t10k"))
    assert clothes.class_names[9] == "Ankle boot"
    assert len(clothes.sha256) == 64


def test_only_the_test_part_is_loaded_when_asked(folder: Path) -> None:
    clothes = fashion_mnist.load(with_training=False)
    assert (len(clothes.train), len(clothes.test)) == (0, 10_000)
    assert clothes.sha256 == fashion_mnist.load().sha256


@pytest.mark.parametrize("missing", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_a_missing_file_means_not_downloaded(folder: Path, missing: str) -> None:
    (folder / missing).unlink()
    assert not fashion_mnist.is_downloaded()
    with pytest.raises(DataUnavailableError, match=r"^Fashion-MNIST is not on this machine yet\. Start a training"):
        fashion_mnist.load()


def test_the_home_of_keras_may_be_relative_to_the_persons_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/of/mine")
    monkeypatch.setenv("KERAS_HOME", "~/kept")
    assert fashion_mnist.folder() == Path("/home/of/mine/kept/datasets/fashion-mnist")


def with_label_10(original: bytes) -> bytes:
    return gzip.compress(gzip.decompress(original)[:-1] + b"\x0a", 1)


def with_other_header(original: bytes) -> bytes:
    return gzip.compress(b"\xff" + gzip.decompress(original)[1:], 1)


@pytest.mark.parametrize(
    "harm",
    [
        lambda original: b"",
        lambda original: original[: len(original) // 2],
        lambda original: original[:30] + bytes([original[30] ^ 0xFF]) + original[31:],
        lambda original: b"<html>Moved</html>",
        lambda original: gzip.compress(gzip.decompress(original)[:-1], 1),
        lambda original: gzip.compress(gzip.decompress(original) + b"\0", 1),
        with_other_header,
        with_label_10,
    ],
)
def test_a_damaged_file_is_named(folder: Path, harm) -> None:
    path = folder / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(harm(path.read_bytes()))
    with pytest.raises(DataError, match=r"t10k-labels-idx1-ubyte.gz is damaged\. Delete the folder") as caught:
        fashion_mnist.load(with_training=False)
    assert not isinstance(caught.value, DataUnavailableError)


def test_images_in_place_of_labels_are_refused(folder: Path) -> None:
    images = (folder / "t10k-images-idx3-ubyte.gz").read_bytes()
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(images)
    with pytest.raises(DataError, match="is damaged"):
        fashion_mnist.load(with_training=False)
