"""The bundled digits: what is in them, and that a damaged copy is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cvae_core.architecture import DataShape
from cvae_core.data import mnist
from cvae_core.errors import DataError
from cvae_core.records import Dataset

BUNDLED = Path(__file__).parents[2] / "assets" / "mnist.npz"
TRAIN_COUNTS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_COUNTS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]


@pytest.fixture(scope="module")
def digits() -> Dataset:
    return mnist.load()


def test_all_digits_are_there(digits: Dataset) -> None:
    assert digits.train.images.shape == (60_000, 28, 28, 1)
    assert digits.test.images.shape == (10_000, 28, 28, 1)
    assert digits.train.images.dtype == digits.test.images.dtype == np.uint8
    assert digits.train.labels.dtype == digits.test.labels.dtype == np.int64
    assert digits.shape == DataShape(28, 28, 1, 10)
    assert digits.class_names == tuple("0123456789")


def test_the_digits_are_the_original_ones_in_their_order(digits: Dataset) -> None:
    assert np.bincount(digits.train.labels).tolist() == TRAIN_COUNTS
    assert np.bincount(digits.test.labels).tolist() == TEST_COUNTS
    assert digits.train.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert digits.test.labels[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert (digits.train.images.min(), digits.train.images.max()) == (0, 255)
    assert digits.train.images.mean() == pytest.approx(33.318421, abs=1e-4)


def test_only_the_test_part_is_loaded_when_asked(digits: Dataset) -> None:
    test_only = mnist.load(with_training=False)
    assert len(test_only.train) == 0
    assert test_only.train.images.shape == (0, 28, 28, 1)
    assert np.array_equal(test_only.test.images, digits.test.images)
    assert (test_only.shape, test_only.sha256) == (digits.shape, digits.sha256)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "mnist.npz"
    monkeypatch.setattr(mnist, "bundled_file", lambda name: path)
    return path


@pytest.mark.parametrize("harm", ["flip", "cut", "empty"])
def test_a_damaged_copy_is_refused(place: Path, harm: str) -> None:
    content = bytearray(BUNDLED.read_bytes())
    content[len(content) // 2] ^= 1
    place.write_bytes({"flip": content, "cut": content[:-1], "empty": b""}[harm])
    with pytest.raises(DataError, match=r"mnist.npz is damaged: expected SHA-256 06af5dfe73b7") as caught:
        mnist.load()
    assert caught.value.advice


def test_a_missing_file_is_reported(place: Path) -> None:
    with pytest.raises(DataError, match=r"mnist.npz is missing\. Install the project again\."):
        mnist.load()
