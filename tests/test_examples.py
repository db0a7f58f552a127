"""Images, points and labels of every form: converted as documented, or refused with the first wrong number named."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cvae_core.architecture import DataShape
from cvae_core.config.presets import preset
from cvae_core.config.run import AutoencoderConfig, ModelConfig
from cvae_core.errors import DataError
from cvae_core.evaluation.classification import classify
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.records import Dataset, Split, checked_images, checked_labels
from cvae_core.training.engine import train
from cvae_core.training.state import EpochEvent
from tests.networks import random_dataset, random_split, random_weights

SHAPE = DataShape(4, 4, 1, 3)
IMAGES = random_split(SHAPE, 6).images
LABELS = np.array([0, 1, 2, 2, 1, 0])
BINARY = IMAGES > 127
POINTS = np.array([[0.5, -3.0], [1e3, 2.0]])

pixels = arrays.arrays(np.uint8, st.tuples(st.integers(0, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)))


def dataset(images: Any = IMAGES, labels: Any = LABELS, n_classes: int = 3) -> Dataset:
    names = tuple(map(str, range(n_classes)))
    return Dataset("own", "Own images", names, Split(images, labels), random_split(SHAPE, 4), "0" * 64)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (IMAGES / 255, IMAGES),
        ((IMAGES / 255).astype(np.float32), IMAGES),
        ((IMAGES / 255).astype(">f4"), IMAGES),
        ((IMAGES / 255).astype(np.float16), np.rint(255 * (IMAGES / 255).astype(np.float16).astype(float))),
        (IMAGES.astype(np.int64), IMAGES),
        (IMAGES.astype(">u2"), IMAGES),
        (IMAGES.tolist(), IMAGES),
        (IMAGES[..., 0], IMAGES),
        (IMAGES.reshape(6, 16), IMAGES),
        (IMAGES.reshape(6, 16) / 255, IMAGES),
        (np.asfortranarray(IMAGES), IMAGES),
        (np.repeat(IMAGES, 2, axis=2)[:, :, ::2], IMAGES),
        (np.ma.masked_array(IMAGES, mask=False), IMAGES),
        (BINARY, 255 * BINARY),
        (BINARY.astype(float), 255 * BINARY),
        (POINTS, POINTS.reshape(2, 1, 2, 1)),
        (POINTS.reshape(2, 1, 2, 1).astype(np.float16), POINTS.reshape(2, 1, 2, 1)),
        (np.zeros((0, 4, 4, 1)), np.zeros((0, 4, 4, 1))),
    ],
)
def test_images_are_converted_as_documented(given: Any, expected: np.ndarray) -> None:
    found = checked_images(given)
    assert found.dtype == (np.float32 if found.shape[1:] == (1, 2, 1) else np.uint8)
    assert found.flags.c_contiguous and found.dtype.isnative
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found, expected.astype(found.dtype))


def test_images_of_the_right_form_are_not_copied() -> None:
    assert np.shares_memory(checked_images(IMAGES), IMAGES)


def changed(index: tuple[int, ...], value: float, dtype: Any = np.float64) -> np.ndarray:
    images = (IMAGES / 255 if np.issubdtype(dtype, np.floating) else IMAGES).astype(dtype)
    images[index] = value
    return images


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (IMAGES.astype(float), "floats from 0 to 1; at index [0, 0, 0, 0] there is"),
        (changed((3, 2, 1, 0), np.nan), "floats from 0 to 1; at index [3, 2, 1, 0] there is nan"),
        (changed((3, 2, 1, 0), np.inf), "at index [3, 2, 1, 0] there is inf"),
        (changed((5, 0, 1, 0), -1e-3), "at index [5, 0, 1, 0] there is -0.001"),
        (changed((5, 0, 1, 0), 1.001).reshape(6, 16), "at index [5, 1] there is 1.001"),
        (changed((1, 3, 3, 0), 256, np.int64), "whole numbers from 0 to 255; at index [1, 3, 3, 0] there is 256"),
        (changed((1, 3, 3, 0), -1, np.int16), "at index [1, 3, 3, 0] there is -1"),
        (np.array([[0.0, np.nan]]), "finite numbers of single precision; at index [0, 1] there is nan"),
        (np.array([[0.0, 1e300]]), "at index [0, 1] there is 1e+300"),
        (np.ma.masked_equal(IMAGES, IMAGES[2, 1, 0, 0]), "masked"),
        (IMAGES.astype(object), "dtype is object"),
        (IMAGES.astype(complex), "dtype is complex"),
        (IMAGES.astype(str), "dtype is <U"),
        ([[1, 2], [3]], "nested lists of different lengths"),
        (IMAGES.transpose(0, 3, 1, 2)[..., [0, 1, 2, 3, 0]], "have shape (6, 1, 4, 5)"),
        (np.zeros((6, 15)), "have shape (6, 15)"),
        (np.zeros((6, 2), int), "have shape (6, 2)"),
        (np.zeros(6), "have shape (6,)"),
        (np.zeros((2, 0, 4, 1)), "have shape (2, 0, 4, 1)"),
        (None, "dtype is object"),
    ],
)
def test_other_images_are_refused_with_the_first_wrong_number(given: Any, words: str) -> None:
    with pytest.raises(DataError, match=re.escape(words)):
        checked_images(given)


@pytest.mark.parametrize(
    "given",
    [
        LABELS.astype(np.uint8),
        LABELS.astype(">i8"),
        LABELS.astype(float),
        LABELS.tolist(),
        LABELS[:, None],
        np.eye(3)[LABELS],
        np.eye(3, dtype=bool)[LABELS],
        np.repeat(LABELS, 2)[::2],
    ],
)
def test_labels_are_converted_as_documented(given: Any) -> None:
    found = checked_labels(given, 6, 3)
    assert found.dtype == np.int64 and found.dtype.isnative and found.flags.c_contiguous
    np.testing.assert_array_equal(found, LABELS)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (LABELS + 1, "from 0 to 2; at index [2] there is 3. Labels are counted from 0: subtract 1"),
        (LABELS - 1, "from 0 to 2; at index [0] there is -1"),
        (LABELS + 0.5, "whole numbers; at index [0] there is 0.5"),
        (np.array([0, 1, np.nan, 2, 1, 0]), "at index [2] there is nan"),
        (np.array([0, 1, 2**63, 2, 1, 0], np.uint64), "at index [2] there is 9223372036854775808"),
        (np.array([0, 1, 1e300, 2, 1, 0]), "at index [2] there is 1e+300"),
        (LABELS[:5], "there are 5 labels: example 5, counted from 0, is the first without one"),
        (np.zeros(7, int), "one label for each of 6 examples; there are 7 labels"),
        (np.zeros((6, 3)), "row 0 has 0"),
        (np.eye(3)[LABELS] + np.eye(3)[LABELS[::-1]] * [0, 0, 1], "at index [2, 2] there is 2.0"),
        (np.maximum(np.eye(3)[LABELS], [[0, 0, 1]]), "single 1; row 0 has 2"),
        (np.eye(3)[LABELS] / 2, "at index [0, 0] there is 0.5"),
        (np.zeros((6, 2, 2)), "their shape is (6, 2, 2)"),
        (np.array(list("012210")), "dtype is <U1"),
    ],
)
def test_other_labels_are_refused_with_the_first_wrong_one(given: Any, words: str) -> None:
    with pytest.raises(DataError, match=re.escape(words)):
        checked_labels(given, 6, 3)


@given(pixels)
def test_images_come_back_from_every_kind_of_number(images: np.ndarray) -> None:
    for same in (images / 255, (images / 255).astype(np.float32), images.astype(np.int32), np.asfortranarray(images)):
        if images.shape[1:] != (1, 2, 1) or same.dtype.kind != "f":
            np.testing.assert_array_equal(checked_images(same), images)


@given(pixels.filter(lambda images: images.size > 0), st.data())
def test_the_first_of_several_wrong_numbers_is_named(images: np.ndarray, data: st.DataObject) -> None:
    spoilt = images.astype(np.int64)
    places = data.draw(st.sets(st.integers(0, images.size - 1), min_size=1, max_size=3))
    spoilt.flat[sorted(places)] = data.draw(st.sampled_from((-1, 256, 10**9)))
    first = list(map(int, np.unravel_index(min(places), images.shape)))
    with pytest.raises(DataError, match=re.escape(f"at index {first} there is {spoilt[tuple(first)]}")):
        checked_images(spoilt)


@given(st.lists(st.integers(0, 9), max_size=20))
def test_one_hot_labels_come_back(labels: list[int]) -> None:
    np.testing.assert_array_equal(checked_labels(np.eye(10)[labels], len(labels), 10), labels)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: dataset(labels=LABELS + 1), "training labels should be from 0 to 2; at index [2] there is 3"),
        (lambda: dataset(labels=LABELS[:5]), "there are 5 labels"),
        (lambda: dataset(images=BINARY.astype(np.uint8)), "training images hold 0 and 1 only"),
        (lambda: dataset(images=np.zeros((6, 5, 5, 1), np.uint8)), "uint8 (5, 5, 1) and uint8 (4, 4, 1)"),
        (lambda: dataset(n_classes=2), "training labels should be from 0 to 1; at index [2] there is 2"),
    ],
)
def test_no_data_set_can_be_made_of_parts_that_do_not_fit(make: Callable[[], Dataset], words: str) -> None:
    with pytest.raises(DataError, match=re.escape(words)):
        make()


def test_a_wrong_label_of_the_test_part_is_named() -> None:
    with pytest.raises(DataError, match=r"test labels should be from 0 to 2; at index \[3\] there is 3"):
        Dataset("own", "Own", ("a", "b", "c"), Split(IMAGES, LABELS), Split(IMAGES[:4], [0, 1, 2, 3]), "0" * 64)


def test_training_on_floats_and_one_hot_labels_gives_the_losses_of_training_on_bytes_and_numbers() -> None:
    config = preset("quick").with_settings({"epochs": 1, "hidden_widths": (4,), "latent_dim": 2, "batch_size": 5})
    whole = random_dataset(SHAPE, 12, 6)
    other = Dataset(
        "random",
        "Random images",
        whole.class_names,
        Split(whole.train.images.reshape(12, 16) / 255, np.eye(3)[whole.train.labels]),
        Split(np.asfortranarray(whole.test.images[..., 0]), whole.test.labels.astype(float)),
        "0" * 64,
    )
    expected, found = (
        [event.record.train for event in train(config, data) if isinstance(event, EpochEvent)]
        for data in (whole, other)
    )
    assert found == expected


def test_a_cvae_does_not_learn_points() -> None:
    part = Split(POINTS, [0, 1])
    with pytest.raises(DataError, match="holds points"):
        next(train(preset("quick"), Dataset("own", "Own", ("a", "b"), part, part, "0" * 64)))


@pytest.mark.parametrize(
    ("same", "atol"),
    [
        (IMAGES.astype(np.int64), 0),
        (IMAGES.astype(">u4"), 0),
        (IMAGES / 255, 1e-6),
        (IMAGES.reshape(6, 16), 0),
    ],
)
def test_a_network_reads_images_as_training_does(same: Any, atol: float) -> None:
    model = ModelConfig(hidden_widths=(3,), latent_dim=2)
    network = FoldedNetwork(model, SHAPE, random_weights(model, SHAPE))
    expected = network.encode(IMAGES, LABELS)[0]
    np.testing.assert_allclose(network.encode(same, np.eye(3)[LABELS])[0], expected, atol=atol)
    np.testing.assert_allclose(network.encode(255 * BINARY, LABELS)[0], network.encode(BINARY, LABELS)[0])


def test_a_network_refuses_what_training_refuses() -> None:
    model = ModelConfig(hidden_widths=(3,), latent_dim=2)
    network = FoldedNetwork(model, SHAPE, random_weights(model, SHAPE))
    for wrong in (IMAGES.astype(float), changed((0, 0, 0, 0), np.nan), changed((0, 0, 0, 0), 256, np.int64)):
        with pytest.raises(DataError, match=r"at index \[0, 0, 0, 0\]"):
            network.encode(wrong, LABELS)
    with pytest.raises(DataError, match=r"labels should be whole numbers; at index \[0\] there is 0.5"):
        network.decode(np.zeros((6, 2), np.float32), LABELS + 0.5)
    toy = AutoencoderConfig(hidden_widths=(3,))
    with pytest.raises(DataError, match="finite"):
        shape = DataShape(1, 2, 1, 2)
        FoldedNetwork(toy, shape, random_weights(toy, shape)).encode(np.array([[np.nan, 0.0]]), np.array([0]))


def test_images_of_floats_and_bytes_are_recognised_alike() -> None:
    model = ModelConfig(hidden_widths=(3,), latent_dim=2)
    network = FoldedNetwork(model, SHAPE, random_weights(model, SHAPE))
    np.testing.assert_array_equal(classify(network, IMAGES / 255).elbo, classify(network, IMAGES).elbo)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (255.0, "Divide them by 255"),
        (3.0, "They range from 0 to 3:"),
        (-1.0, "from -1 to 0:"),
        (np.inf, ""),
        (np.nan, ""),
    ],
)
def test_the_advice_fits_the_range_of_the_floats(number: float, words: str) -> None:
    with pytest.raises(DataError) as raised:
        checked_images(np.array([0.0, number, 0.0, 0.0]).reshape(1, 2, 2))
    assert words in raised.value.advice and bool(words) == bool(raised.value.advice)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ((), "at least one class name"),
        ("abc", "tuple of texts"),
        ((0, 1, 2), "tuple of texts"),
        (("a", "b", "a"), "'a'"),
    ],
)
def test_class_names_are_different_texts(names: Any, words: str) -> None:
    part = Split(IMAGES, LABELS)
    with pytest.raises(DataError, match=words):
        Dataset("mine", "Mine", names, part, part, "0" * 64)
