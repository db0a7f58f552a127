"""The plane of latent space that a picture's settings name."""

from __future__ import annotations

from typing import Final

import numpy as np

from cvae_core.analysis.latent import encode_split
from cvae_core.analysis.network import Network
from cvae_core.analysis.projection import onto_dimensions, onto_principal, principal_axes
from cvae_core.analysis.records import PrincipalAxes, Projection
from cvae_core.export.settings import Plane
from cvae_core.export.sources import POINTS_LIMIT, one_test_image
from cvae_core.export.trained_run import TrainedRun
from cvae_core.records import Floats, Split

_USUAL: Final = (0, 1)


def projection_of(trained: TrainedRun, plane: Plane) -> tuple[Projection, tuple[str, str]]:
    """From codes to the plane of a latent picture, and the titles of its axes.

    Raises:
        ConfigError: The code does not have one of the dimensions.
        RunError: The snapshot of the principal directions is missing or damaged.
    """
    latent_dim = trained.config.model.latent_dim
    if latent_dim == 1:
        return onto_dimensions(1, (0, 0)), axis_titles(1, _USUAL)
    if plane.principal_epoch is None:
        return onto_dimensions(latent_dim, plane.dimensions), axis_titles(latent_dim, plane.dimensions)
    points = trained.test_data.test.first(POINTS_LIMIT)
    axes = principal_axes(encode_split(trained.network(plane.principal_epoch), points))
    return onto_principal(axes), principal_titles(axes, plane.principal_epoch)


def axis_titles(latent_dim: int, dimensions: tuple[int, int]) -> tuple[str, str]:
    """What the axes of a latent picture are called; dimensions are counted from 1, as people do."""
    if latent_dim == 1:
        return "z1", "a lane for each label"
    x, y = dimensions
    return f"z{x + 1}", f"z{y + 1}"


def principal_titles(axes: PrincipalAxes, epoch: int) -> tuple[str, str]:
    """What the axes are called if they are the principal directions, with their shares of the variance.

    Args:
        axes: The directions.
        epoch: Whose codes gave them, which need not be the one shown.
    """
    x, y = (f"PC {place} of epoch {epoch} ({share:.0%})" for place, share in enumerate(axes.explained[:2], 1))
    return x, y


def other_dimensions(network: Network, test: Split, plane: Plane) -> Floats | None:
    """What the dimensions of a manifold hold that are not those of its plane: float32 (latent_dim,); None for zeros.

    Raises:
        ConfigError: There is no test image of the pinned index.
    """
    if plane.pinned is not None:
        pinned = one_test_image(test, plane.pinned)
        code: Floats = network.encode(pinned.images, pinned.labels)[0][0]
        return code
    return np.array(plane.others, np.float32) if plane.others else None


def plane_words(plane: Plane) -> str:
    """What a caption says of the plane of a manifold, unless it is the usual one."""
    x, y = plane.dimensions
    return "" if plane.dimensions == _USUAL else f" · z{x + 1} across, z{y + 1} down"
