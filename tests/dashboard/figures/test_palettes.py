"""The ten colours of labels and series can be told apart by everybody, in light and dark.

They were found by search: between any two, also as seen with protanopia, deuteranopia or tritanopia, the Oklab distance
is at least 0.10; dark and light share their hues.
"""

import tomllib
from pathlib import Path

import numpy as np
import pytest

import dashboard

THEME = tomllib.loads((Path(dashboard.__file__).parent / ".streamlit" / "config.toml").read_text())["theme"]

# Machado, Oliveira and Fernandes 2009, severity 1.0, applied to linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# Ottosson 2020, Oklab: linear RGB to cone responses, and their cube roots to lightness and two hue axes.
CONES = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
         [0.0883024619, 0.2817188376, 0.6299787005]]  # fmt: skip
LAB = [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
       [0.0259040371, 0.7827717662, -0.8086757660]]  # fmt: skip


def _oklab(colours, vision):
    channels = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(vision).T, 0, 1)
    return np.cbrt(seen @ np.array(CONES).T) @ np.array(LAB).T


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("vision", VISION)
def test_any_two_colours_can_be_told_apart(mode, vision):
    palette = THEME[mode]["chartCategoricalColors"]
    lab = _oklab(palette, VISION[vision])
    distances = np.linalg.norm(lab[:, None] - lab[None], axis=-1) + np.eye(len(palette))
    assert distances.min() >= 0.1
