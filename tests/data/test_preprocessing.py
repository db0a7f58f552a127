from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy.ndimage import zoom

from cvae_core.architecture import DataShape
from cvae_core.data import mnist
from cvae_core.data.preprocessing import all_in_mnist_form, mnist_form
from cvae_core.errors import DataError
from cvae_core.records import Bytes, Floats
from tests.drawings import drawn, on_colour, on_transparent, photographed

SHAPE = DataShape(28, 28, 1, 10)


@pytest.fixture(scope="module")
def digits() -> Bytes:
    return mnist.load(with_training=False).test.images[:1000]


def formed(picture: np.ndarray) -> Floats:
    return mnist_form(picture, SHAPE)[..., 0]


def test_a_thousand_digits_stay_as_they_are(digits: Bytes) -> None:
    # Some reach only 254, and are stretched to 255: no pixel may change by more.
    off = [np.abs(mnist_form(digit, SHAPE) - digit / 255).max() for digit in digits]
    assert max(off) <= 1 / 255 + 1e-6


VARIANTS: dict[str, tuple[Callable[[Bytes], np.ndarray], float]] = {
    "inverted": (lambda digit: 255 - digit, 1e-6),
    "with a channel": (lambda digit: digit[..., None], 1e-6),
    "in three channels": (lambda digit: np.dstack([digit] * 3), 1e-6),
    "in floats": (lambda digit: (digit / 255).astype(np.float32), 1e-6),
    "dark on transparent": (lambda digit: on_transparent(digit, (0, 0, 0)), 1e-6),
    "light on transparent": (lambda digit: on_transparent(digit, (255, 255, 255)), 1e-6),
    "grey and alpha": (lambda digit: np.dstack([digit, np.full_like(digit, 255)]), 1e-6),
    "enlarged ten times": (lambda digit: np.kron(digit, np.ones((10, 10), np.uint8)), 1e-6),
    "moved": (lambda digit: np.pad(digit, ((31, 3), (0, 50))), 1e-6),
    # 8 bits of a part of the range: half a level over it.
    "faint on grey": (lambda digit: np.rint(90 + digit / 255 * 100).astype(np.uint8), 0.5 / 100 + 0.005),
    "blue on yellow": (lambda digit: on_colour(digit, (20, 30, 160), (250, 240, 120)), 0.02),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_variants_of_a_digit_come_to_the_same_image(digits: Bytes, name: str) -> None:
    vary, tolerance = VARIANTS[name]
    off = [np.abs(formed(vary(digit[..., 0])) - formed(digit)).max() for digit in digits[:50]]
    assert max(off) <= tolerance


@pytest.mark.parametrize("name", ["four", "seven", "L"])
def test_a_drawing_comes_out_alike_at_every_size(name: str) -> None:
    for size in (112, 613, 1500):
        assert np.abs(formed(drawn(name, size, size)) - formed(drawn(name))).mean() < 0.01


def test_smooth_enlargements_differ_little(digits: Bytes) -> None:
    """Interpolation lets each edge fade over one more pixel of the original, so the box holds a little less."""
    off = []
    for digit in digits[:50, ..., 0]:
        large = zoom(digit / 255.0, 3.7, order=1, grid_mode=True, mode="grid-constant")
        off.append(np.abs(formed(np.clip(large, 0, 1)) - formed(digit)).mean())
    assert np.mean(off) < 0.05 and max(off) < 0.1


def test_paper_and_light_of_a_photograph_vanish() -> None:
    ink = drawn("four", 320, 240)
    plain, photo = formed(ink), formed(photographed(ink))
    assert np.mean(photo == 0) > 0.6 and np.abs(photo - plain).mean() < 0.03


@pytest.mark.parametrize(("height", "width"), [(280, 280), (61, 47), (28, 200), (700, 90)])
def test_proportions_are_kept(height: int, width: int) -> None:
    ink = drawn("seven", height, width)
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    size = np.array([np.ptp(rows) + 1, np.ptp(columns) + 1])
    form = formed(ink)
    found = np.array([np.count_nonzero(form.any(axis=1)), np.count_nonzero(form.any(axis=0))])
    assert found.max() == 20
    assert np.abs(found - size * 20 / size.max()).max() < 1.0


def centre_of_mass(image: Floats) -> np.ndarray:
    y, x = np.indices(image.shape)
    return np.array([(y * image).sum(), (x * image).sum()]) / image.sum(dtype=np.float64)


def ink_box(image: Floats) -> tuple[np.ndarray, np.ndarray]:
    """First and last row and column with ink."""
    rows, columns = np.flatnonzero(image.any(axis=1)), np.flatnonzero(image.any(axis=0))
    return np.array([rows[0], columns[0]]), np.array([rows[-1], columns[-1]])


pictures = arrays.arrays(np.uint8, st.tuples(st.integers(8, 60), st.integers(8, 60)), elements=st.integers(0, 255))


@given(pictures)
def test_whatever_can_be_formed_is_centred_and_fits_the_box(picture: Bytes) -> None:
    try:
        image = formed(picture)
    except DataError:
        return
    assert image.dtype == np.float32 and image.min() >= 0.0 and image.max() == 1.0
    first, last = ink_box(image)
    assert (last - first + 1).max() <= 20
    off = centre_of_mass(image) - 14
    # Only ink that would leave the image keeps the centre of mass from the middle.
    at_edge = (first == 0) | (last == 27)
    assert (np.abs(off) <= 0.5 + 1e-5)[~at_edge].all()
    assert ((off >= -0.5 - 1e-5) | (last == 27) | (first > 0)).all()


@given(pictures, st.integers(0, 40), st.integers(0, 40))
def test_where_it_stands_in_an_empty_frame_does_not_matter(picture: Bytes, down: int, right: int) -> None:
    picture[0], picture[-1], picture[:, 0], picture[:, -1] = 0, 0, 0, 0
    framed = np.pad(picture, ((down, 40 - down), (right, 40 - right)))
    central = np.pad(picture, ((20, 20), (20, 20)))
    try:
        expected = formed(central)
    except DataError as error:
        with pytest.raises(DataError, match=error.problem[:20]):
            formed(framed)
    else:
        assert np.allclose(formed(framed), expected, atol=1e-6)


def test_ties_are_light_ink_on_dark_and_black_on_white() -> None:
    # The border is exactly between the lightest and the darkest pixel, which lie to the left and to the right.
    tie = np.full((28, 28), 100, np.uint8)
    tie[8:20, 6:10], tie[8:20, 18:22] = 150, 50
    first, last = ink_box(formed(tie))
    assert np.array_equal(formed(tie), formed(np.where(tie == 50, 100, tie).astype(np.uint8)))
    assert last[0] - first[0] == 19
    # Half grey on transparent: laid on white it is dark ink, on black light, and both show the same.
    half = on_transparent(drawn("L"), (128, 128, 128))
    assert np.allclose(formed(half), formed(drawn("L")), atol=1e-6)


@pytest.mark.parametrize(("height", "width", "channels"), [(5, 4, 1), (14, 28, 1), (32, 32, 3), (1, 1, 1)])
def test_images_of_another_size_have_their_own_box(height: int, width: int, channels: int) -> None:
    image = mnist_form(drawn("four"), DataShape(height, width, channels, 4))
    assert image.shape == (height, width, channels) and image.max() == 1.0
    assert (image == image[..., :1]).all()
    first, last = ink_box(image[..., 0])
    box = np.maximum(1, np.floor(np.array([height, width]) * 20 / 28 + 0.5))
    assert (last - first + 1 <= box).all() and ((last - first + 1) == box).any()


def blank(level: int, *shape: int) -> Bytes:
    return np.full(shape or (28, 28), level, np.uint8)


def dotted(size: int, dot: int) -> Bytes:
    picture = blank(0, size, size)
    picture[size // 2 : size // 2 + dot, 5:6] = 255
    return picture


REFUSED = {
    "black": (blank(0), "all of one colour"),
    "white": (blank(255), "all of one colour"),
    "transparent": (blank(0, 28, 28, 4), "all of one colour"),
    "hardly any contrast": (blank(100) + (drawn("L", 28, 28) > 99) * np.uint8(7), "all of one colour"),
    "one dot": (dotted(280, 1), "too little in the picture"),
    "less than a tenth": (dotted(280, 27), "too little in the picture"),
    "three pixels": (dotted(12, 3), "too little in the picture"),
    "no pixels": (blank(0, 0, 0), "8 to 4096 pixels; this one has 0 x 0"),
    "flat": (blank(0, 7, 100), "8 to 4096 pixels; this one has 7 x 100"),
    "long": (blank(0, 8, 4097), "8 to 4096 pixels; this one has 8 x 4097"),
    "five channels": (blank(0, 28, 28, 5), "height, width and 1 to 4 channels"),
    "a line": (blank(0, 28), "height, width and 1 to 4 channels"),
    "NaN": (np.full((28, 28), np.nan), "floats of a picture should be from 0 to 1"),
    "one NaN": (np.where(np.arange(784).reshape(28, 28) == 5, np.nan, 0.5), "should be from 0 to 1"),
    "infinite": (np.where(np.arange(784).reshape(28, 28) == 5, np.inf, 0.5), "should be from 0 to 1"),
    "floats to 255": (drawn("L").astype(np.float32), "should be from 0 to 1"),
    "integers": (drawn("L").astype(np.int64), "this one holds int64"),
    "16 bits": (drawn("L").astype(np.uint16), "this one holds uint16"),
    "marks": (drawn("L") > 0, "this one holds bool"),
    "text": (np.full((28, 28), "ink"), "this one holds <U3"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_such_picture_is_refused_in_one_sentence(name: str) -> None:
    picture, problem = REFUSED[name]
    with pytest.raises(DataError, match=problem) as caught:
        mnist_form(picture, SHAPE)
    assert str(caught.value).count(". ") == 0 and str(caught.value).endswith(".")


def test_the_limits_themselves_are_allowed() -> None:
    assert mnist_form(dotted(280, 28), SHAPE).max() == 1.0
    assert mnist_form(dotted(12, 4), SHAPE).max() == 1.0
    assert mnist_form(drawn("L", 8, 8, pen=0.1), SHAPE).max() == 1.0
    assert mnist_form(np.pad(drawn("L", 300, 2000), ((0, 0), (0, 2096))), SHAPE).max() == 1.0


def test_many_are_formed_one_by_one_and_what_cannot_be_stays(digits: Bytes) -> None:
    images = np.stack([digits[0], np.zeros_like(digits[0]), np.roll(digits[1], 3, axis=1)])
    formed_images = all_in_mnist_form(images, SHAPE)
    assert formed_images.dtype == np.uint8
    np.testing.assert_array_equal(formed_images[0], np.rint(255 * mnist_form(digits[0], SHAPE)))
    np.testing.assert_array_equal(formed_images[1], images[1])
    np.testing.assert_array_equal(formed_images[2], np.rint(255 * mnist_form(images[2], SHAPE)))
