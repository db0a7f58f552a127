"""Where the test images lie in latent space at every epoch, and what each latent dimension is used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy.typing as npt
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.latent import CodesView, LatentView
from cvae_core.analysis.reconstruction import indices_of
from cvae_core.analysis.records import Projection
from cvae_core.analysis.views import POINTS_LIMIT
from dashboard.cache import networks
from dashboard.components.epoch_player import wanted_epochs
from dashboard.components.latent_player import LatentPicture, latent_player, latent_player_state
from dashboard.shared.export_animation import animation_export
from dashboard.shared.pinned_image import image_and_reconstruction, pin_choice, pinned_path, take_over_pin
from dashboard.shared.snapshot_page import PageContext, timeline
from dashboard.shared.url_widgets import dimension_choice, label_choice, option_choice
from dashboard.url_state.parameters import AXES, PRINCIPAL, X_DIMENSION, Y_DIMENSION
from dashboard.url_state.session import shown_view, value_of

_KEY: Final = "latent_player"
_ANIMATION: Final = "The codes above, each axis from −5 to 5, with label and epoch in the caption; 100 ms a frame."
_AXES: Final = {"dimensions": "Dimensions", PRINCIPAL: "Principal components"}


def latent_view(context: PageContext, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and the player."""
    take_over_pin(_KEY, latent_player_state(_KEY).pin)
    with row:
        label = label_choice(context.data.class_names, with_all=True)
        _axes_choice(context)
        pin_choice(context.data)
    view = _view(context, label)
    projection = view.projection(context.latent_dim, networks.RecordsAt(context.key, context.epochs[-1]))
    line = timeline(context, _KEY, view)
    split = context.data.test.first(POINTS_LIMIT)
    shown = indices_of(split, label)

    def frame_of(epoch: int) -> Mapping[str, npt.NDArray[Any]]:
        points = networks.record(context.key, epoch, view)
        codes = networks.record(context.key, epoch, CodesView(label=label))
        return {
            "x": points.x,
            "y": points.y,
            "kl": codes.kl_per_dimension,
            "mean": codes.mean_per_dimension,
            "variance": codes.variance_per_dimension,
        }

    latent_player(
        _KEY,
        line,
        _picture(context, view, projection),
        {"labels": split.labels[shown], "indices": shown},
        frame_of,
        pinned_path(context, line, projection, wanted_epochs(line, latent_player_state(_KEY).ask)),
        lambda index: image_and_reconstruction(context, line.epoch, index),
    )
    animation_export(context, [view], _ANIMATION)


def _axes_choice(context: PageContext) -> None:
    if context.latent_dim < 2:
        return
    kind = option_choice(
        AXES,
        "Axes",
        _AXES,
        "Two latent dimensions, or the first two principal components of the codes at the epoch in the axis titles. "
        "All epochs share these axes, so you can compare positions.",
    )
    if kind != PRINCIPAL and context.latent_dim > 2:
        dimension_choice(X_DIMENSION, "Across", context.latent_dim, Y_DIMENSION)
        dimension_choice(Y_DIMENSION, "Up", context.latent_dim, X_DIMENSION)


def _view(context: PageContext, label: int | None) -> LatentView:
    if context.latent_dim == 1:
        return LatentView(label=label)
    if value_of(AXES) == PRINCIPAL:
        return LatentView(label=label, principal_epoch=context.reference_epoch)
    return shown_view(LatentView, label=label)


def _picture(context: PageContext, view: LatentView, projection: Projection) -> LatentPicture:
    whose = "all labels" if view.label is None else context.data.class_names[view.label]
    return LatentPicture(
        class_names=context.data.class_names,
        title=f"Codes of {whose}",
        description=f"Latent codes of test images of {whose}, over the rings of the prior.",
        titles=projection.titles,
        one_dimensional=context.latent_dim == 1,
    )
