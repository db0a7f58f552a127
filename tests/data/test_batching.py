"""The order and the shifts of an epoch."""

from __future__ import annotations

import numpy as np
import pytest

from cvae_core.data.batching import batch_order, ordered_images, shifted_at_random


def test_order_is_a_permutation_that_seed_and_epoch_decide() -> None:
    order = batch_order(3, 5, 50)
    assert sorted(order) == list(range(50))
    np.testing.assert_array_equal(order, batch_order(3, 5, 50))
    assert (order != batch_order(3, 6, 50)).any()
    assert (order != batch_order(4, 5, 50)).any()


def test_images_follow_the_order() -> None:
    images = np.random.default_rng(0).integers(0, 256, (9, 4, 3, 2), np.uint8)
    order = batch_order(0, 1, 9)
    np.testing.assert_array_equal(ordered_images(images, order, 0, 1, 0), images[order])


def test_shifts_move_within_bounds_and_reach_them() -> None:
    images = np.zeros((500, 7, 9, 1), np.uint8)
    images[:, 3, 4] = 200
    shifted = ordered_images(images, batch_order(0, 1, 500), 0, 1, 2)
    which, row, column, _ = np.nonzero(shifted)
    np.testing.assert_array_equal(which, np.arange(500))
    assert set(row - 3) == set(column - 4) == {-2, -1, 0, 1, 2}
    assert len(set(zip(row, column, strict=True))) == 25
    np.testing.assert_array_equal(shifted, ordered_images(images, batch_order(0, 1, 500), 0, 1, 2))
    assert (shifted != ordered_images(images, batch_order(0, 1, 500), 0, 2, 2)).any()


def test_what_leaves_does_not_come_back_on_the_other_side() -> None:
    images = np.zeros((100, 3, 3, 1), np.uint8)
    images[:, 0, 0] = 1
    shifted = ordered_images(images, np.arange(100), 0, 1, 1)
    assert not shifted[:, 2].any() and not shifted[:, :, 2].any()
    assert 0 < shifted.sum() < 100


def test_only_the_share_that_was_asked_for_is_moved() -> None:
    images = np.random.default_rng(0).integers(0, 256, (4000, 9, 9, 1), np.uint8)
    shifted = ordered_images(images, np.arange(4000), 0, 1, 1, 0.25)
    moved = (shifted != images).any(axis=(1, 2, 3)).mean()
    # One draw in nine moves nothing; the tolerance is five standard deviations of the share.
    assert abs(moved - 0.25 * 8 / 9) < 5 * np.sqrt(0.25 * 0.75 / 4000)
    np.testing.assert_array_equal(ordered_images(images, np.arange(4000), 0, 1, 1, 0.0), images)


def numbered(count: int) -> np.ndarray:
    """Images whose pixels all differ and are not 0."""
    return np.tile(np.arange(1, 61, dtype=np.uint8).reshape(1, 6, 5, 2), (count, 1, 1, 1))


def test_each_image_moves_by_whole_pixels_and_zeros_come_into_sight():
    moved = shifted_at_random(numbered(400), 2, seed=5)
    found = set()
    for image in moved:
        down, right = (image[..., 0].any(axis=axis).argmax() for axis in (1, 0))
        down = down if down else image[..., 0].any(axis=1).sum() - 6
        right = right if right else image[..., 0].any(axis=0).sum() - 5
        padded = np.pad(numbered(1)[0], ((2, 2), (2, 2), (0, 0)))
        assert np.array_equal(image, padded[2 - down : 8 - down, 2 - right : 7 - right])
        found.add((int(down), int(right)))
    assert found == {(down, right) for down in range(-2, 3) for right in range(-2, 3)}


def test_the_seed_decides():
    images = numbered(30)
    assert np.array_equal(shifted_at_random(images, 4, 1), shifted_at_random(images, 4, 1))
    assert not np.array_equal(shifted_at_random(images, 4, 1), shifted_at_random(images, 4, 2))
    assert np.array_equal(shifted_at_random(images, 0, 1), images) and images.min() == 1


@pytest.mark.parametrize("count", [0, 1])
def test_few_images_are_no_special_case(count):
    assert shifted_at_random(numbered(count), 3, 0).shape == (count, 6, 5, 2)
