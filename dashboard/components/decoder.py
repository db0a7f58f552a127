"""Folded networks as the browser receives them: ``mlp.js`` evaluates the same layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvae_core.inference import FoldedNetwork
from cvae_core.inference.folded import Affine
from cvae_core.records import Floats


def decoder_blob(network: FoldedNetwork, prefix: str = "decoder") -> tuple[dict[str, Any], dict[str, Floats]]:
    """What the browser needs to decode.

    Args:
        network: The trained network.
        prefix: Of the arrays' names.

    Returns:
        A part of a header (``activations`` of the layers, the last of which gives logits; ``conditional``,
        ``n_classes``, ``latent_dim``, ``image_shape`` as height, width, channels), and the arrays that belong to it,
        both for ``pack``.
    """
    architecture = network.architecture
    activations, arrays = network_arrays((*network.decoder, network.output), prefix)
    header = {
        "activations": activations,
        "conditional": architecture.conditional,
        "n_classes": architecture.shape.n_classes,
        "latent_dim": architecture.latent_dim,
        "image_shape": list(architecture.shape.image_shape),
    }
    return header, arrays


def network_arrays(layers: Sequence[Affine], prefix: str) -> tuple[list[str], dict[str, Floats]]:
    """A chain of layers as arrays; ``readLayers`` of ``mlp.js`` puts it together again.

    Args:
        layers: First to last, such as ``(*network.encoder, network.z_mean)``.
        prefix: Of the arrays' names.

    Returns:
        The activation of each layer, and for layer i float32 ``<prefix>/<i>/kernel`` (inputs, outputs) and
        ``<prefix>/<i>/bias`` (outputs,).
    """
    arrays: dict[str, Floats] = {}
    for index, layer in enumerate(layers):
        arrays[f"{prefix}/{index}/kernel"] = layer.kernel
        arrays[f"{prefix}/{index}/bias"] = layer.bias
    return [layer.activation for layer in layers], arrays
