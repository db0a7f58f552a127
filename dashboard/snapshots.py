"""What follows from a snapshot, computed once.

A published snapshot never changes, so its pictures may be kept for as long as there is room. This stands apart from the
other services because it takes SciPy, which the first visitor of Home should not wait for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from cvae_core.analysis.latent import encode_split, of_label, plane
from cvae_core.analysis.manifold import manifold
from cvae_core.analysis.reconstruction import first_of_each_label, reconstruct
from cvae_core.analysis.records import LatentCodes, LatentPlane, ManifoldGrid, Reconstructions
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.runs.directory import Run
from cvae_core.runs.snapshots import load_snapshot
from dashboard import services

_SCATTER_POINTS: Final = 10_000


@st.cache_resource(max_entries=32, show_spinner=False)
def network(key: services.RunKey, epoch: int) -> FoldedNetwork:
    """The network as it was after an epoch."""
    run = Run(Path(key[0]))
    config = services.run_config(key)
    return FoldedNetwork(
        config.model, services.test_data(config.data).shape, load_snapshot(run.snapshots_folder, epoch)
    )


@st.cache_resource(max_entries=256, show_spinner=False)
def reconstructions(key: services.RunKey, epoch: int) -> Reconstructions:
    """The first test image of each label beside its reconstruction."""
    data = services.test_data(services.run_config(key).data)
    return reconstruct(network(key, epoch), data.test, first_of_each_label(data.test.labels))


@st.cache_resource(max_entries=256, show_spinner=False)
def manifold_grid(key: services.RunKey, epoch: int, label: int) -> ManifoldGrid:
    """The manifold of a label."""
    return manifold(network(key, epoch), label)


@st.cache_resource(max_entries=16, show_spinner=False)
def latent_codes(key: services.RunKey, epoch: int) -> LatentCodes:
    """The codes of the test images."""
    data = services.test_data(services.run_config(key).data)
    return encode_split(network(key, epoch), data.test, _SCATTER_POINTS)


def latent_plane(key: services.RunKey, epoch: int, label: int | None) -> LatentPlane:
    """The codes of one label, or of all, in the plane of the first two dimensions."""
    codes = latent_codes(key, epoch)
    n_classes = services.test_data(services.run_config(key).data).shape.n_classes
    return plane(codes if label is None else of_label(codes, label), n_classes)
