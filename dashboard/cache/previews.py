"""What follows from a snapshot, computed once.

A published snapshot never changes, so its pictures may be kept for as long as there is room. This stands apart from the
other services because it takes SciPy, which the first visitor of Home should not wait for.
"""

from __future__ import annotations

import streamlit as st

from cvae_core.analysis.latent import plane
from cvae_core.analysis.manifold import manifold
from cvae_core.analysis.reconstruction import OneOfEachLabelView
from cvae_core.analysis.records import LatentPlane, ManifoldGrid, Reconstructions
from cvae_core.data import shape_of
from dashboard.cache import networks, run_data


@st.cache_resource(max_entries=256, show_spinner=False)
def reconstructions(key: run_data.RunKey, epoch: int) -> Reconstructions:
    """The first test image of each label beside its reconstruction."""
    return networks.record(key, epoch, OneOfEachLabelView())


@st.cache_resource(max_entries=256, show_spinner=False)
def manifold_grid(key: run_data.RunKey, epoch: int, label: int) -> ManifoldGrid:
    """The manifold of a label."""
    return manifold(networks.network(key, epoch), label)


def latent_plane(key: run_data.RunKey, epoch: int, label: int | None) -> LatentPlane:
    """The codes of one label, or of all, in the plane of the first two dimensions."""
    n_classes = shape_of(run_data.run_config(key)).n_classes
    return plane(networks.codes(key, epoch, label), n_classes)
