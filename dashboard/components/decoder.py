"""Folded networks as the browser receives them: ``mlp.js`` evaluates the same layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cvae_core.errors import ConfigError
from cvae_core.inference import FoldedNetwork
from cvae_core.inference.folded import Affine, Step
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

    Raises:
        ConfigError: The browser cannot run this network.
    """
    architecture = network.architecture
    if architecture.likelihood != "bernoulli":
        raise ConfigError(f"The browser cannot draw images of the likelihood {architecture.likelihood}.")
    activations, arrays = network_arrays((*network.decoder, network.output), prefix)
    header = {
        "activations": activations,
        "conditional": architecture.conditional,
        "n_classes": architecture.shape.n_classes,
        "latent_dim": architecture.latent_dim,
        "image_shape": list(architecture.shape.image_shape),
    }
    return header, arrays


def encoder_blob(network: FoldedNetwork, prefix: str = "encoder") -> tuple[dict[str, Any], dict[str, Floats]]:
    """What the browser needs to encode; ``readEncoder`` of ``recognition.js`` puts it together again.

    Args:
        network: The trained network, which has a posterior.
        prefix: Of the arrays' names.

    Returns:
        A part of a header (``activations`` of the hidden layers; ``conditional``, ``n_classes``, ``latent_dim``), and
        the arrays that belong to it, both for ``pack``.
    """
    architecture = network.architecture
    activations, arrays = network_arrays(network.encoder, prefix)
    for name, head in (("z_mean", network.z_mean), ("z_log_var", network.z_log_var)):
        arrays |= network_arrays((head,), f"{prefix}/{name}")[1]
    header = {
        "activations": activations,
        "conditional": architecture.conditional,
        "n_classes": architecture.shape.n_classes,
        "latent_dim": architecture.latent_dim,
    }
    return header, arrays


def check_posterior(network: FoldedNetwork) -> None:
    """Make sure that a network can be evaluated by ``recognition.js``.

    Raises:
        ConfigError: It is a plain autoencoder.
    """
    if not network.architecture.is_variational:
        raise ConfigError("A plain autoencoder has no posterior: choose a run of a CVAE.")


def network_arrays(layers: Sequence[Step], prefix: str) -> tuple[list[str], dict[str, Floats]]:
    """A chain of layers as arrays; ``readLayers`` of ``mlp.js`` puts it together again.

    Args:
        layers: First to last, such as ``(*network.encoder, network.z_mean)``.
        prefix: Of the arrays' names.

    Returns:
        The activation of each layer, and for layer i float32 ``<prefix>/<i>/kernel`` (inputs, outputs) and
        ``<prefix>/<i>/bias`` (outputs,).

    Raises:
        ConfigError: One of them is no Dense layer.
    """
    arrays: dict[str, Floats] = {}
    affine = [layer for layer in layers if isinstance(layer, Affine)]
    if len(affine) != len(layers):
        raise ConfigError("The browser can run Dense layers only, and this network has other operations.")
    for index, layer in enumerate(affine):
        arrays[f"{prefix}/{index}/kernel"] = layer.kernel
        arrays[f"{prefix}/{index}/bias"] = layer.bias
    return [layer.activation for layer in affine], arrays
