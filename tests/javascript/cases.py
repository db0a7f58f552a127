"""Networks, pictures and numbers with the results that Python gets, as one file that the JavaScript tests read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from cvae_core.data.preprocessing import mnist_form
from cvae_core.errors import DataError
from cvae_core.evaluation.classification import classify
from cvae_core.inference import FoldedNetwork
from dashboard.components.packing import decoder_blob, encoder_blob, network_arrays, pack
from tests.javascript import network_cases
from tests.javascript.picture_cases import Picture, pictures

REDRAWN = (("light on transparent", 4), ("dark on transparent", 7), ("thin pen", 0))
Arrays = dict[str, npt.NDArray[Any]]


def write_cases(path: Path) -> None:
    """Write all of them."""
    header: dict[str, Any] = {"networks": [], "pictures": [], "redrawn": REDRAWN}
    arrays = _normal_distribution()
    for case in network_cases.cases().values():
        header["networks"].append(_network(case, arrays))
    for name, picture in pictures().items():
        header["pictures"].append(_picture(name, picture, arrays))
    network = network_cases.cases()["tutorial"].network
    for name, label in REDRAWN:
        arrays |= _redrawn(network, name, label)
    path.write_bytes(pack(header, arrays))


def _normal_distribution() -> Arrays:
    p = np.concatenate([np.linspace(0.001, 0.999, 999), 10.0 ** -np.arange(3, 300, 9), 1 - 10.0 ** -np.arange(3, 16)])
    z = np.linspace(-9, 9, 721)
    return {"p": p, "quantiles": ndtri(p), "z": z, "probabilities": ndtr(z)}


def _network(case: network_cases.Case, arrays: Arrays) -> dict[str, Any]:
    """Adds a network with what it makes of a code and an image; returns what describes it."""
    name, network = case.name, case.network
    architecture = network.architecture
    count = architecture.shape.n_classes if architecture.conditional else 1
    labels = np.arange(count)
    encoder, encoder_arrays = encoder_blob(network, f"{name}/encoder")
    decoder, decoder_arrays = decoder_blob(network, f"{name}/decoder")
    chain, chain_arrays = network_arrays(network, ("encoder", "z_mean"), f"{name}/chain")
    image = np.rint(255 * case.image).astype(np.uint8)
    z_mean, z_log_var = network.encode(image[None].repeat(count, 0), labels)
    n_classes = architecture.shape.n_classes
    arrays |= {
        **encoder_arrays,
        **decoder_arrays,
        **chain_arrays,
        f"{name}/z": case.z,
        f"{name}/pixels": case.image,
        f"{name}/image": image,
        f"{name}/decoded": network.decode(np.tile(case.z, (n_classes, 1)), np.arange(n_classes)),
        f"{name}/encoded": network.encode(case.image[None], np.array([1]))[0],
        f"{name}/z_mean": z_mean,
        f"{name}/z_log_var": z_log_var,
        f"{name}/logits": network.decode_outputs(z_mean, labels),
    }
    if architecture.conditional:
        classified = classify(network, image.reshape(1, *architecture.shape.image_shape))
        arrays |= {
            f"{name}/elbos": classified.elbo[0].astype(np.float64),
            f"{name}/odds": classified.odds[0].astype(np.float64),
            f"{name}/ranking": classified.ranking[0].astype(np.int32),
        }
    return {"name": name, "encoder": encoder, "decoder": decoder, "chain": chain}


def _picture(name: str, picture: Picture, arrays: Arrays) -> dict[str, Any]:
    """Adds a picture with the image that it becomes; returns what describes it, with the problem if it has no image."""
    arrays[f"{name}/picture"] = np.atleast_3d(picture.pixels)
    problem = ""
    try:
        arrays[f"{name}/formed"] = mnist_form(picture.pixels, picture.shape).astype(np.float32)
    except DataError as error:
        problem = error.problem
    return {"name": name, "image_shape": picture.shape.image_shape, "problem": problem}


def _redrawn(network: FoldedNetwork, name: str, label: int) -> Arrays:
    image = mnist_form(pictures()[name].pixels, network.architecture.shape)
    z_mean, _ = network.encode(image[None], np.array([label]))
    images = network.decode(np.tile(z_mean, (10, 1)), np.arange(10))
    return {f"{name}/redrawn/z": z_mean, f"{name}/redrawn/images": images}
