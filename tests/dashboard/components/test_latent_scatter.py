import numpy as np

from cvae_core.analysis.records import LatentPlane
from dashboard.components.latent_player import LatentScatter, packed_scatter
from dashboard.components.packing import unpack


def _plane(dimensions=(0, 3)):
    x, y = np.array([0, 1, 9], np.float32), np.array([0, -7, 2], np.float32)
    return LatentPlane(x, y, np.array([2, 0, 2]), np.array([5, 6, 7]), dimensions)


def test_points_labels_and_indices_reach_the_browser():
    header, arrays = unpack(packed_scatter(LatentScatter(_plane(), ("a", "b", "c"), title="T")))
    assert arrays["x"].tolist() == [0, 1, 9] and arrays["y"].tolist() == [0, -7, 2]
    assert arrays["labels"].tolist() == [2, 0, 2] and arrays["indices"].tolist() == [5, 6, 7]
    assert (header["x_title"], header["y_title"]) == ("z1", "z4")
    assert header["description"].startswith("Latent positions of 3 images of a, c")


def test_points_outside_the_picture_are_counted():
    header, _ = unpack(packed_scatter(LatentScatter(_plane(), "abc")))
    assert header["caption"] == "2 of 3 points lie outside the picture."
    assert unpack(packed_scatter(LatentScatter(_plane(), "abc", limit=10.0)))[0]["caption"] == ""


def test_a_one_dimensional_code_has_no_second_axis():
    header, _ = unpack(packed_scatter(LatentScatter(_plane((0, None)), "abc")))
    assert header["one_dimensional"] is True and "lane" in header["y_title"]
