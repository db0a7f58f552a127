"""An imported run looks the same as on the machine that exported it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cvae_core.analysis.generation import ManifoldView, SamplesView
from cvae_core.analysis.latent import LatentView
from cvae_core.analysis.reconstruction import LossesView, OneOfEachLabelView, ReconstructionsView
from cvae_core.analysis.style import StyleView
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.data import registry
from cvae_core.errors import DataUnavailableError
from cvae_core.evaluation.classification import classify
from cvae_core.evaluation.morphology import style_kept
from cvae_core.export.import_run import ImportedRun, import_run
from cvae_core.rendering.animation import write_animations
from cvae_core.rendering.pictures import PICTURES
from cvae_core.runs.metrics import BeginRecord, MetricsWriter
from cvae_core.runs.pack import pack_run
from cvae_core.runs.run import Run
from tests.export.small_run import EPOCHS, small_run


def carried(run: Run, folder: Path) -> ImportedRun:
    stream = BytesIO()
    pack_run(run, stream)
    return import_run(stream, folder)


def views(trained: TrainedRun, epoch: int) -> list[Any]:
    """The records of every view of a snapshot."""
    network, split = trained.network(epoch), trained.test_data.test
    few = split.first(10)
    shown = [
        LatentView(principal_epoch=epoch),
        ManifoldView(label=None),
        OneOfEachLabelView(),
        LossesView(),
        ReconstructionsView(order="worst"),
        SamplesView(seed=3),
        StyleView(),
    ]
    return [
        *(trained.record(network, view) for view in shown),
        classify(network, few.images),
        style_kept(network, split, 20),
    ]


def assert_same(first: Any, second: Any) -> None:
    """Equal to the bit, whatever they are made of."""
    assert type(first) is type(second)
    if is_dataclass(first):
        assert_same(
            [getattr(first, of.name) for of in fields(first)], [getattr(second, of.name) for of in fields(second)]
        )
    elif isinstance(first, list | tuple):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_same(one, other)
    elif isinstance(first, np.ndarray):
        assert (first.dtype, first.shape, first.tobytes()) == (second.dtype, second.shape, second.tobytes())
    else:
        assert first == second or (first != first and second != second)  # NaN is no number, but the same one


def animation(trained: TrainedRun, kind: str) -> bytes:
    file = trained.run.path.parent.parent / "animation.gif"
    write_animations(trained, [(PICTURES[kind](), file)])
    return file.read_bytes()


@pytest.mark.faults
@pytest.mark.slow
def test_every_view_shows_the_same(tmp_path: Path) -> None:
    run = small_run(tmp_path / "here")
    here, there = TrainedRun(run), TrainedRun(carried(run, tmp_path / "there").run)
    assert here.epochs == there.epochs == list(EPOCHS)
    for epoch in EPOCHS:
        assert_same(views(here, epoch), views(there, epoch))
    for kind in ("manifold", "latent", "style"):
        assert animation(here, kind) == animation(there, kind)


def begun_with(run: Run, sha256: str) -> Run:
    with MetricsWriter(run.metrics_file) as metrics:
        metrics.append(BeginRecord(0, 0, sha256, {}))
    return run


def test_the_same_data_need_no_word(tmp_path: Path) -> None:
    found = carried(begun_with(small_run(tmp_path / "here"), registry.mnist.SHA256), tmp_path / "there")
    assert (found.snapshots, found.resumable, found.note) == (len(EPOCHS), True, "")


def test_other_data_are_told(tmp_path: Path) -> None:
    found = carried(begun_with(small_run(tmp_path / "here"), "1" * 64), tmp_path / "there")
    assert "learnt from other data" in found.note


def test_data_that_are_not_here_are_told_and_the_run_comes_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(config: object) -> None:
        raise DataUnavailableError("It is not on this machine.")

    monkeypatch.setattr("cvae_core.export.import_run.load_test_data", missing)
    found = carried(small_run(tmp_path / "here"), tmp_path / "there")
    assert "MNIST handwritten digits is not on this machine" in found.note
    assert found.run.path.is_dir()
