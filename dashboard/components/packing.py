"""A header and arrays as one block of bytes, which the browser reads by ``shared/packing.js``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt

_ALIGNMENT: Final = 8
_DTYPES: Final = ("uint8", "int32", "float32", "float64")
_ARRAYS: Final = "arrays"


def pack(header: Mapping[str, Any], arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Pack a header and arrays.

    Args:
        header: Anything that JSON can hold; the name "arrays" is taken.
        arrays: Name -> array of uint8, int32, float32 or float64, of any shape.

    Returns:
        The bytes. The same content gives the same bytes.

    Raises:
        TypeError: An array is of another dtype.
        ValueError: The header uses the name "arrays", or holds NaN or Infinity.
    """
    if _ARRAYS in header:
        raise ValueError(f"the header may not have an entry named {_ARRAYS!r}")
    layout: dict[str, Any] = {}
    blobs: list[bytes] = []
    offset = 0
    for name, array in arrays.items():
        blob = _little_endian(name, array)
        layout[name] = {"dtype": array.dtype.name, "shape": list(array.shape), "offset": offset}
        blobs.append(blob)
        offset += len(blob)
    return _framed_header({**header, _ARRAYS: layout}) + b"".join(blobs)


def unpack(data: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    """Read what ``pack`` wrote.

    Args:
        data: The bytes.

    Returns:
        The header without its layout, and the arrays by name, read-only.
    """
    end = 4 + int.from_bytes(data[:4], "little")
    header: dict[str, Any] = json.loads(data[4:end])
    arrays: dict[str, npt.NDArray[Any]] = {}
    for name, part in header.pop(_ARRAYS).items():
        count = int(np.prod(part["shape"]))
        flat = np.frombuffer(data, np.dtype(part["dtype"]), count, end + part["offset"])
        arrays[name] = flat.reshape(part["shape"])
    return header, arrays


def _little_endian(name: str, array: npt.NDArray[Any]) -> bytes:
    """The array's bytes, padded to a multiple of the alignment."""
    if array.dtype.name not in _DTYPES:
        raise TypeError(f"array {name!r} should be one of {', '.join(_DTYPES)}; it is {array.dtype.name}")
    raw = array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes()
    return raw + bytes(-len(raw) % _ALIGNMENT)


def _framed_header(header: Mapping[str, Any]) -> bytes:
    text = json.dumps(header, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(4 + len(text)) % _ALIGNMENT)
    return len(text).to_bytes(4, "little") + text
