"""What a film of the torn manifold is sent: the data, and what a run's network makes of them after an epoch."""

from __future__ import annotations

from math import nan
from typing import Final, cast

import numpy as np
import streamlit as st

from cvae_core.analysis.toy import SweptCurve, analyse_torn_manifold, tear_threshold
from cvae_core.config.run import TornManifoldConfig
from cvae_core.data import load_test_data
from cvae_core.data.toy import distance_to_manifold, true_curves
from cvae_core.records import Bytes
from dashboard import services, trained_models
from dashboard.components.torn_film import TornFrame
from dashboard.components.torn_ground import TornGround

_STEPS: Final = 300


def ground_of(key: services.RunKey) -> TornGround:
    """The noisy test points of a run, and the curves that they lie about."""
    return ground_of_data(_data_config(key))


@st.cache_resource(max_entries=8, show_spinner=False)
def ground_of_data(config: TornManifoldConfig) -> TornGround:
    """The same, of settings with which nothing need have been trained."""
    data = load_test_data(config)
    points = data.test.images.reshape(-1, 2).astype(np.float32)
    return TornGround(points, data.test.labels, true_curves(config), data.class_names, config.noise)


@st.cache_resource(max_entries=1024, show_spinner=False)
def torn_frame(key: services.RunKey, epoch: int) -> TornFrame:
    """What the network of an epoch makes of the test points, and of each code on the way through its range.

    Raises:
        RunError: The snapshot is missing or damaged.
    """
    config = _data_config(key)
    network = trained_models.network(key, epoch)
    record = analyse_torn_manifold(network, config, services.test_data(config).test, _STEPS)
    curve = record.tear.curve
    return TornFrame(
        reconstruction=record.reconstructions,
        sweep=np.stack([swept.points for swept in record.swept]) if record.swept else None,
        off=_off_manifold(config, record.swept) if record.swept else None,
        tear=(record.tear.reconstructions, nan if curve is None else curve),
        input_distance=record.input_distance,
    )


def _off_manifold(config: TornManifoldConfig, swept: tuple[SweptCurve, ...]) -> Bytes:
    distances = np.stack([distance_to_manifold(config, curve.points) for curve in swept])
    return (distances > tear_threshold(config)).astype(np.uint8)


def _data_config(key: services.RunKey) -> TornManifoldConfig:
    return cast("TornManifoldConfig", services.run_config(key).data)
