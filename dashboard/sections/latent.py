"""Where the test images lie in latent space at every epoch, and what each latent dimension is used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.latent import onto_dimensions, onto_principal, plane, principal_axes
from cvae_core.analysis.records import PrincipalAxes, Projection
from cvae_core.records import Labels
from cvae_core.rendering.pictures import axis_titles, principal_titles
from cvae_core.rendering.spec import PictureSettings, Plane
from dashboard.cache import networks
from dashboard.components.epoch_player import wanted_epochs
from dashboard.components.latent_player import LatentPicture, latent_film, latent_film_state
from dashboard.shared.epoch_player import timeline
from dashboard.shared.export_animation import film_export
from dashboard.shared.pinned_image import image_and_reconstruction, pin_choice, pinned_path, take_over_pin
from dashboard.shared.snapshot_page import PageContext
from dashboard.shared.url_widgets import dimension_choice, label_choice, option_choice
from dashboard.url_state.parameters import AXES, PRINCIPAL, X_DIMENSION, Y_DIMENSION
from dashboard.url_state.session import value_of

_KEY: Final = "latent_film"
_FILM: Final = "The codes above, each axis from −5 to 5, with label and epoch in the caption; 100 ms a frame."
_AXES: Final = {"dimensions": "Dimensions", PRINCIPAL: "Principal components"}


def latent_view(scene: PageContext, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and the film."""
    take_over_pin(_KEY, latent_film_state(_KEY).pin)
    with row:
        label = label_choice(scene.data.class_names, with_all=True)
        _axes_choice(scene)
        pin_choice(scene.data)
    projection = _projection(scene)
    line = timeline(scene, _KEY, label, projection.kind, projection.axes, _axes_epoch(scene))
    split = networks.shown_split(scene.key)
    shown: Labels = np.arange(len(split)) if label is None else np.flatnonzero(split.labels == label)

    def frame_of(epoch: int) -> Mapping[str, npt.NDArray[Any]]:
        codes = networks.codes(scene.key, epoch, label)
        points = plane(codes, len(scene.data.class_names), projection)
        return {
            "x": points.x,
            "y": points.y,
            "kl": codes.kl_per_dimension,
            "mean": codes.mean_per_dimension,
            "variance": codes.variance_per_dimension,
        }

    latent_film(
        _KEY,
        line,
        _picture(scene, label, projection),
        {"labels": split.labels[shown], "indices": shown},
        frame_of,
        pinned_path(scene, line, projection, wanted_epochs(line, latent_film_state(_KEY).ask)),
        lambda index: image_and_reconstruction(scene, line.epoch, index),
    )
    film_export(scene, [PictureSettings("latent", label, plane=_exported_plane(scene))], _FILM)


def _axes_choice(scene: PageContext) -> None:
    if scene.latent_dim < 2:
        return
    kind = option_choice(
        AXES,
        "Axes",
        _AXES,
        "Two latent dimensions, or the two directions in which the codes vary most at the epoch that the axes name. "
        "These stand still while the epoch moves, so that the positions of all epochs can be compared.",
    )
    if kind != PRINCIPAL and scene.latent_dim > 2:
        dimension_choice(X_DIMENSION, "Across", scene.latent_dim, Y_DIMENSION)
        dimension_choice(Y_DIMENSION, "Up", scene.latent_dim, X_DIMENSION)


def _exported_plane(scene: PageContext) -> Plane:
    if scene.latent_dim == 1 or _is_principal(scene):
        return Plane(principal_epoch=_axes_epoch(scene))
    return Plane((value_of(X_DIMENSION) - 1, value_of(Y_DIMENSION) - 1))


def _axes_epoch(scene: PageContext) -> int | None:
    """The epoch whose codes gave the principal components: one for the whole film, so that the axes stand still."""
    return scene.reference_epoch if _is_principal(scene) else None


def _is_principal(scene: PageContext) -> bool:
    return value_of(AXES) == PRINCIPAL and scene.latent_dim > 1


def _principal_axes(scene: PageContext) -> PrincipalAxes:
    return principal_axes(networks.codes(scene.key, scene.reference_epoch))


def _projection(scene: PageContext) -> Projection:
    if scene.latent_dim == 1:
        return onto_dimensions(1, (0, 0))
    if _is_principal(scene):
        return onto_principal(_principal_axes(scene))
    return onto_dimensions(scene.latent_dim, (value_of(X_DIMENSION) - 1, value_of(Y_DIMENSION) - 1))


def _picture(scene: PageContext, label: int | None, projection: Projection) -> LatentPicture:
    whose = "all labels" if label is None else scene.data.class_names[label]
    return LatentPicture(
        class_names=scene.data.class_names,
        title=f"Codes of {whose}",
        description=f"Latent codes of test images of {whose}, over the rings of the prior.",
        titles=_titles(scene, projection),
        one_dimensional=scene.latent_dim == 1,
    )


def _titles(scene: PageContext, projection: Projection) -> tuple[str, str]:
    if projection.kind == "principal":
        return principal_titles(_principal_axes(scene), scene.reference_epoch)
    return axis_titles(scene.latent_dim, projection.axes)
