import numpy as np
import pytest

from cvae_core.data.batching import shifted_at_random


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
