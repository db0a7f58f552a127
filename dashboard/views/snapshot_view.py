"""What the newest snapshot of a run can do: reconstructions, the manifold of a label, and its latent scatter."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import streamlit as st

from cvae_core.errors import CvaeError
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import Overview
from dashboard import services, snapshots
from dashboard.components.image_grid import ImageTiles, image_grid
from dashboard.components.latent_scatter import latent_scatter
from dashboard.components.tiles import manifold_tiles, reconstruction_tiles
from dashboard.views import choices

_EPOCH_PAGES: Final = {
    "Latent space": ":material/scatter_plot:",
    "Manifold": ":material/grid_view:",
    "Samples": ":material/casino:",
    "Style transfer": ":material/brush:",
}


def label_choice(item: Overview) -> int:
    """Let the person choose a label of the run's data set; 0 as long as the data are not there."""
    st.subheader("What it has learnt")
    try:
        names = services.test_data(services.run_config(services.run_key(item.run)).data).class_names
    except CvaeError:
        return 0
    return choices.label_choice(names, with_all=False) or 0


def snapshot_view(item: Overview, label: int) -> None:
    """Draw the pictures of the newest snapshot.

    Args:
        item: The run.
        label: Whose manifold and codes to show.
    """
    run = item.run
    epochs = snapshot_epochs(run.snapshots_folder)
    if not epochs:
        waits = item.state in ALIVE
        st.caption("Pictures come with the first snapshot." if waits else "This run ended before its first snapshot.")
        return
    key, epoch = services.run_key(run), epochs[-1]
    names = services.test_data(services.run_config(key).data).class_names
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(f"Snapshot of epoch {epoch:,}, the newest of {len(epochs)}." if epoch else "The untrained model.")
        with st.container(horizontal=True, width="content"):
            _links_to_all_epochs(run)
    image_grid(_named(reconstruction_tiles(snapshots.reconstructions(key, epoch), names), epoch), key="reconstructions")
    left, right = st.columns(2, gap="medium")
    with left:
        image_grid(_named(manifold_tiles(snapshots.manifold_grid(key, epoch, label), names), epoch), key="manifold")
    with right:
        latent_scatter(
            snapshots.latent_plane(key, epoch, label),
            key="latent",
            class_names=names,
            title=f"Codes of {names[label]}",
            file_name=f"latent_space_epoch_{epoch}.png",
        )


def _named(tiles: ImageTiles, epoch: int) -> ImageTiles:
    """Tiles that are saved under a name with the epoch in it."""
    return replace(tiles, file_name=tiles.file_name.replace(".png", f"_epoch_{epoch}.png"))


def _links_to_all_epochs(run: Run) -> None:
    for title, icon in _EPOCH_PAGES.items():
        st.page_link(
            f"pages/{title.split()[0].lower()}.py",
            label=title,
            icon=icon,
            query_params={"run": run.id},
            width="content",
            help="The same at every epoch, with a slider.",
        )
