"""A page with a player of manifolds under the lens, of networks that are other ones at each epoch."""

from __future__ import annotations

import streamlit as st

from cvae_core.analysis.generation import ManifoldView
from cvae_core.errors import RunDamagedError
from cvae_core.inference import FoldedNetwork
from cvae_core.records import Bytes
from dashboard.components.epoch_player import Timeline
from dashboard.components.manifold_player import LensPlane, ManifoldState, manifold_player
from dashboard.components.tiles import TilePicture
from tests.analysis.toy_network import computed
from tests.e2e.lens_cases import DAMAGED, EPOCHS, LABEL, QUANTILES, SHAPE, trained

SIZE = 15


@st.cache_resource
def network(epoch: int) -> FoldedNetwork:
    """The network of an epoch."""
    if epoch == DAMAGED:
        raise RunDamagedError("The snapshot is truncated.", "Train it again.")
    return trained(epoch)


st.set_page_config(layout="wide" if st.query_params.get("layout") == "wide" else "centered")
with st.container(horizontal=True):
    turned = st.toggle("Turned")
    many = st.toggle("All labels")
    run = st.selectbox("Run", ["one", "two"])
dimensions = (1, 0) if turned else (0, 1)
labels = (LABEL, *(label for label in range(10) if many and label != LABEL))
decoders: list[int] = st.session_state.setdefault("decoders", [])


def frame_of(epoch: int) -> dict[str, Bytes]:
    """The tiles of each picture."""
    view = ManifoldView(label=None, size=SIZE, dimensions=dimensions, quantiles=QUANTILES)
    tiles = computed(network(epoch), view).tiles
    return {str(label): tiles[label] for label in labels}


def decoder_of(epoch: int) -> FoldedNetwork:
    """The network of an epoch, taking note of who asks."""
    if not decoders or decoders[-1] != epoch:
        decoders.append(epoch)
    return network(epoch)


timeline = Timeline(run, f"{run}/{dimensions}/{many}", EPOCHS, EPOCHS[0])
pictures = [TilePicture(str(label), f"Manifold of {label}.", f"Manifold of {label}", max_tile=56) for label in labels]
plane = LensPlane(
    dimensions=dimensions,
    quantiles=QUANTILES,
    base=(0.0, 0.0, 0.0),
    class_names=tuple(map(str, range(10))),
    image_shape=SHAPE.image_shape,
    selected_label=LABEL,
)
# What was held before the page was left, as a page would remember it.
remembered = ManifoldState.parse(st.session_state.get("player")).z or ((0.5, -0.25) if run == "two" else None)
player = manifold_player("player", timeline, pictures, frame_of, plane, decoder_of, remembered)
st.caption(f"Python has epoch {player.epoch}, z {player.z}; decoders {decoders}")
