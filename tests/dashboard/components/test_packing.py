import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from cvae_core.architecture import DataShape, plan
from cvae_core.config.run import ModelConfig
from cvae_core.errors import ConfigError
from cvae_core.records import Bytes, Floats, Labels
from dashboard.components.packing import decoder_blob, pack, unpack

DTYPES = st.sampled_from([np.uint8, np.int32, np.float32, np.float64])
ARRAYS = DTYPES.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=5, min_side=0)))


@given(st.dictionaries(st.text(max_size=8), ARRAYS, max_size=4), st.text())
def test_what_was_packed_comes_back(arrays, title):
    header, back = unpack(pack({"title": title, "size": 1.5}, arrays))
    assert header == {"title": title, "size": 1.5}
    assert back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype and back[name].shape == array.shape
        assert back[name].tobytes() == array.tobytes()


def test_every_array_starts_at_a_multiple_of_eight():
    data = pack({"é": "ü"}, {"a": np.zeros(3, np.uint8), "b": np.ones(2), "c": np.ones(1, np.float32)})
    (length,) = struct.unpack("<I", data[:4])
    assert (4 + length) % 8 == 0
    layout = json.loads(data[4 : 4 + length])["arrays"]
    assert all(part["offset"] % 8 == 0 for part in layout.values())


def test_arrays_that_are_not_contiguous_or_not_little_endian_are_packed_by_value():
    array = np.arange(12, dtype=">f4").reshape(3, 4)[:, ::2]
    _, back = unpack(pack({}, {"a": array}))
    assert np.array_equal(back["a"], array)


def test_what_the_browser_cannot_read_is_refused():
    with pytest.raises(TypeError, match="int64"):
        pack({}, {"a": np.zeros(1, np.int64)})
    with pytest.raises(ValueError):
        pack({"arrays": 1}, {})
    with pytest.raises(ValueError):
        pack({"x": float("nan")}, {})


class OnlyDecodes:
    """A network of a plug-in, which has no layers to send."""

    architecture = plan(ModelConfig(), DataShape(2, 2, 1, 3))

    def encode(self, images: Bytes, labels: Labels) -> tuple[Floats, Floats]:
        raise NotImplementedError

    def decode(self, z: Floats, labels: Labels) -> Floats:
        raise NotImplementedError


def test_a_network_without_dense_layers_is_refused_in_one_sentence() -> None:
    with pytest.raises(ConfigError, match=r"The browser cannot run this network: it runs Dense layers only\."):
        decoder_blob(OnlyDecodes())
