"""A header and arrays as one block of bytes, which the browser reads by ``shared/packing.js``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from cvae_core.analysis.network import Network, OffersLayers
from cvae_core.architecture import Part
from cvae_core.errors import ConfigError
from cvae_core.records import Floats

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


def decoder_blob(network: Network, prefix: str = "decoder") -> tuple[dict[str, Any], dict[str, Floats]]:
    """What the browser needs to decode.

    Args:
        network: The trained network.
        prefix: Of the arrays' names.

    Returns:
        A part of a header (``activations`` of the layers, the last of which gives logits; ``conditional``,
        ``n_classes``, ``latent_dim``, ``image_shape`` as height, width, channels), and the arrays that belong to it,
        both for ``pack``.

    Raises:
        ConfigError: The browser cannot run this network.
    """
    architecture = network.architecture
    if architecture.likelihood != "bernoulli":
        raise ConfigError(f"The browser cannot draw images of the likelihood {architecture.likelihood}.")
    activations, arrays = network_arrays(network, ("decoder",), prefix)
    header = {
        "activations": activations,
        "conditional": architecture.conditional,
        "n_classes": architecture.shape.n_classes,
        "latent_dim": architecture.latent_dim,
        "image_shape": list(architecture.shape.image_shape),
    }
    return header, arrays


def encoder_blob(network: Network, prefix: str = "encoder") -> tuple[dict[str, Any], dict[str, Floats]]:
    """What the browser needs to encode; ``readEncoder`` of ``recognition.js`` puts it together again.

    Args:
        network: The trained network, which has a posterior.
        prefix: Of the arrays' names.

    Returns:
        A part of a header (``activations`` of the hidden layers; ``conditional``, ``n_classes``, ``latent_dim``), and
        the arrays that belong to it, both for ``pack``.
    """
    architecture = network.architecture
    activations, arrays = network_arrays(network, ("encoder",), prefix)
    heads: tuple[Part, ...] = ("z_mean", "z_log_var")
    for head in heads:
        arrays |= network_arrays(network, (head,), f"{prefix}/{head}")[1]
    header = {
        "activations": activations,
        "conditional": architecture.conditional,
        "n_classes": architecture.shape.n_classes,
        "latent_dim": architecture.latent_dim,
    }
    return header, arrays


def check_posterior(network: Network) -> None:
    """Make sure that a network can be evaluated by ``recognition.js``.

    Raises:
        ConfigError: It is a plain autoencoder.
    """
    if not network.architecture.is_variational:
        raise ConfigError("A plain autoencoder has no posterior: choose a run of a CVAE.")


def network_arrays(network: Network, parts: Sequence[Part], prefix: str) -> tuple[list[str], dict[str, Floats]]:
    """A chain of layers as arrays; ``readLayers`` of ``mlp.js`` puts it together again.

    Args:
        network: The trained network.
        parts: The chain, such as ("encoder", "z_mean").
        prefix: Of the arrays' names.

    Returns:
        The activation of each layer, and for layer i float32 ``<prefix>/<i>/kernel`` (inputs, outputs) and
        ``<prefix>/<i>/bias`` (outputs,).

    Raises:
        ConfigError: The browser cannot run this network.
    """
    if not isinstance(network, OffersLayers):
        raise ConfigError("The browser cannot run this network: it runs Dense layers only.")
    layers = [layer for part in parts for layer in network.dense_layers(part)]
    arrays: dict[str, Floats] = {}
    for index, layer in enumerate(layers):
        arrays[f"{prefix}/{index}/kernel"] = layer.kernel
        arrays[f"{prefix}/{index}/bias"] = layer.bias
    return [layer.activation for layer in layers], arrays
