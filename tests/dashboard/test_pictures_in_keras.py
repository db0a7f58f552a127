"""What the pages over a run's snapshots send to the browser, against plain Keras layers with the epoch's weights."""

from __future__ import annotations

from pathlib import Path
from statistics import NormalDist
from typing import Any

import keras
import numpy as np
import pytest

from cvae_core.data import dataset_shape, load_test_data
from cvae_core.records import Split
from cvae_core.runs.run import Run, create_run
from cvae_core.runs.snapshots import load_snapshot, publish_snapshot
from cvae_core.runs.status import Status, write_status
from dashboard.components.packing import unpack
from tests.dashboard.app import open_page
from tests.dashboard.run_states import random_weights, tiny_config
from tests.plain_keras import PlainKeras

LAST, LATENT_DIM = 2, 4
TOLERANCE = 1e-4


@pytest.fixture
def run(runs_folder: Path) -> Run:
    config = tiny_config().with_settings({"latent_dim": LATENT_DIM, "hidden_widths": (12,)})
    made = create_run(runs_folder, config, "wide")
    for epoch in range(LAST + 1):
        publish_snapshot(made.snapshots_folder, epoch, random_weights(config, epoch))
    write_status(made.status_file, Status("finished", config.train.epochs, epoch=LAST))
    return made


@pytest.fixture
def test_images(run: Run) -> Split:
    return load_test_data(run.config().data).test


def plain(run: Run, epoch: int) -> PlainKeras:
    config = run.config()
    weights = load_snapshot(run.snapshots_folder, epoch)
    return PlainKeras(weights, True, config.model.batch_normalization, dataset_shape(config.data))


def sent(page: str, ask: list[int] | None = None, **parameters: str) -> dict[str, Any]:
    """The arrays of the page's player, once all the epochs that are asked for have been answered."""
    app = open_page(page, run="wide", **parameters)
    if ask is not None:
        question = {"id": 1, "view": player(app)[0]["view"], "epochs": ask}
        app.session_state[f"{page}_player"] = {"ask": question}
        app.run()
    assert not app.exception
    return player(app)[1]


def player(app: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    (blob,) = (element.proto.bytes for element in app.get("bidi_component") if element.proto.bytes)
    return unpack(blob)


def assert_close(ours: Any, theirs: Any) -> None:
    np.testing.assert_allclose(ours, theirs, rtol=TOLERANCE, atol=TOLERANCE)


def assert_pictures(ours: Any, theirs: Any) -> None:
    assert np.std(theirs) > 10
    assert np.abs(ours.astype(int).reshape(theirs.shape) - theirs).max() <= 1


@pytest.mark.parametrize("label", [None, 7])
def test_codes_and_what_their_dimensions_say(run: Run, test_images: Split, label: int | None) -> None:
    arrays = sent("latent", [0, 1, 2], label="all" if label is None else str(label), x="3", y="1")
    chosen = np.arange(len(test_images)) if label is None else np.flatnonzero(test_images.labels == label)
    np.testing.assert_array_equal(arrays["indices"], chosen)
    np.testing.assert_array_equal(arrays["labels"], test_images.labels[chosen])
    for epoch in range(LAST + 1):
        z, log_var = (part[chosen] for part in plain(run, epoch).encode(test_images))
        assert_close(arrays["frame/x"][epoch], z[:, 2])
        assert_close(arrays["frame/y"][epoch], z[:, 0])
        assert_close(arrays["frame/kl"][epoch], ((z**2 + np.exp(log_var) - log_var - 1) / 2).mean(0))
        assert_close(arrays["frame/mean"][epoch], z.mean(0))
        assert_close(arrays["frame/variance"][epoch], z.var(0))


def test_principal_components_are_those_of_the_last_snapshot(run: Run, test_images: Split) -> None:
    arrays = sent("latent", [0, 2], label="all", axes="pc")
    last, _ = plain(run, LAST).encode(test_images)
    ways = np.linalg.svd(last - last.mean(0))[2][:2]
    ways *= np.sign(ways[[0, 1], np.abs(ways).argmax(axis=1)])[:, None]
    for place, epoch in enumerate((0, 2)):
        z, _ = plain(run, epoch).encode(test_images)
        expected = (z - last.mean(0)) @ ways.T
        # Directions turn by the error of the codes over the gap between two variances.
        ours = np.stack([arrays["frame/x"][place], arrays["frame/y"][place]], axis=1)
        np.testing.assert_allclose(ours, expected, atol=10 * TOLERANCE)


def test_the_path_the_posterior_and_the_card_of_the_pin(run: Run, test_images: Split) -> None:
    arrays = sent("latent", [0, 1, 2], label="7", pin="41", x="2", y="4")
    one = Split(test_images.images[41:42], test_images.labels[41:42])
    np.testing.assert_array_equal(arrays["pin_tiles"][0], one.images[0])
    for epoch in range(LAST + 1):
        network = plain(run, epoch)
        z, log_var = network.encode(one)
        assert_close([arrays["pin_x"][epoch], arrays["pin_y"][epoch]], z[0, [1, 3]])
        assert_close(arrays["pin_covariance"][epoch], np.diag(np.exp(log_var[0, [1, 3]])))
        assert_pictures(arrays["pin_tiles"][1 + epoch], network.pictures(z, one.labels)[0])


def test_the_image_under_the_mouse(run: Run, test_images: Split) -> None:
    app = open_page("latent", run="wide", epoch="1", label="all")
    question = {"id": 1, "view": player(app)[0]["view"], "epochs": [], "hover": 23}
    app.session_state["latent_player"] = {"ask": question}
    original, decoded = player(app.run())[1]["hover"]
    one = Split(test_images.images[23:24], test_images.labels[23:24])
    network = plain(run, 1)
    np.testing.assert_array_equal(original, one.images[0])
    assert_pictures(decoded, network.pictures(network.encode(one)[0], one.labels)[0])


def grid(base: Any, size: int, quantiles: tuple[float, float], across: int, down: int) -> Any:
    """Codes of a manifold, row by row."""
    low, high = quantiles
    steps = [NormalDist().inv_cdf(low + (high - low) * i / (size - 1)) for i in range(size)]
    z = np.tile(np.asarray(base, float), (size * size, 1))
    z[:, across], z[:, down] = np.tile(steps, size), np.repeat(steps, size)
    return z


@pytest.mark.parametrize("others", ["zero", "chosen", "pinned"])
def test_the_manifold_of_a_label(run: Run, test_images: Split, others: str) -> None:
    parameters = {"size": "6", "range": "0.1,0.8", "x": "2", "y": "4", "others": others, "code": "0.5,0,-1,0"}
    arrays = sent("manifold", [0, 2], label="3", pin="41", **parameters)
    one = Split(test_images.images[41:42], test_images.labels[41:42])
    for place, epoch in enumerate((0, 2)):
        network = plain(run, epoch)
        code = network.encode(one)[0][0]
        assert_close(arrays["pin_codes"][epoch], code)
        base = {"zero": np.zeros(4), "chosen": [0.5, 0, -1, 0], "pinned": code}[others]
        expected = network.pictures(grid(base, 6, (0.1, 0.8), 1, 3), np.full(36, 3))
        assert_pictures(arrays["frame/tiles_manifold"][place], expected)


def test_the_manifolds_of_all_labels(run: Run) -> None:
    app = open_page("manifold", run="wide", epoch="1", label="all", size="4")
    _, arrays = player(app)
    for label in range(10):
        expected = plain(run, 1).pictures(grid(np.zeros(4), 4, (0.05, 0.95), 0, 1), np.full(16, label))
        assert_pictures(arrays[f"frame/tiles_label{label}"][0], expected)


def test_samples(run: Run) -> None:
    arrays = sent("samples", [0, 2], columns="5", seed="11", temperature="0.8")
    z = 0.8 * np.random.default_rng(11).standard_normal((5, LATENT_DIM))
    for place, epoch in enumerate((0, 2)):
        for label in range(10):
            expected = plain(run, epoch).pictures(z, np.full(5, label))
            assert_pictures(arrays["frame/tiles_samples"][place, label], expected)


@pytest.mark.parametrize("order", ["first", "worst"])
def test_reconstructions(run: Run, test_images: Split, order: str) -> None:
    arrays = sent("samples", [0, 2], order=order, count="6", label="all")
    targets = test_images.images.reshape(len(test_images), -1).astype(np.float32) / 255
    for place, epoch in enumerate((0, 2)):
        network = plain(run, epoch)
        z, _ = network.encode(test_images)
        logits = network.logits(z, test_images.labels)
        losses = np.array(keras.ops.binary_crossentropy(targets, logits, from_logits=True)).sum(axis=1)
        chosen = np.argsort(-losses)[:6] if order == "worst" else np.arange(6)
        originals, decoded = arrays["frame/tiles_real"][place]
        np.testing.assert_array_equal(originals, test_images.images[chosen])
        assert_pictures(decoded, network.pictures(z[chosen], test_images.labels[chosen]))
