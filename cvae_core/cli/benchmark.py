"""`cvae bench`: the speed of training and decoding on this machine, compared with plain Keras."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from cvae_core.cli.terminal import JsonOption, nothing_printed_by_others

if TYPE_CHECKING:
    from cvae_core.bench import BenchReport


def bench(
    turns: Annotated[int, typer.Option(min=1, max=100, help="Number of measurements of each way of training.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """Measure the speed of training, snapshots and decoding on this machine, compared with plain Keras."""
    with nothing_printed_by_others(), Console(stderr=True).status("Loading TensorFlow") as status:
        from cvae_core.bench import bench as measure  # TensorFlow takes seconds to load

        report = measure(lambda words: status.update(f"Timing: {words}"), turns)
    if as_json:
        typer.echo(json.dumps(asdict(report), indent=2))
    else:
        _print(report, turns)


def _print(report: BenchReport, turns: int) -> None:
    title = f"Medians of {turns} alternating turns" if turns > 1 else "One turn"
    table = Table("", "Ours", "Keras, the tutorial's way", "Bare matrix products", title=title)
    epoch = report.epoch_s
    table.add_row("An epoch, 60,000 images, s", *(f"{epoch[name]:.2f}" for name in ("ours", "keras_fit", "matmul")))
    ratio = report.ratio
    table.add_row("... ours relative to it", "1", f"{ratio['ours_to_keras_fit']:.2f}", f"{ratio['ours_to_matmul']:.2f}")
    for words, times in (
        ("A snapshot, ms", report.snapshot_ms),
        ("2,250 codes decoded, ms", report.decode_2250_ms),
    ):
        table.add_row(words, f"{times['ours']:.1f}", f"{times['predict_one_by_one']:,.0f} (from a sample)", "")
    torn = report.torn_manifold_s
    words = "Torn manifold, 300 epochs of both models, s"
    table.add_row(words, f"{torn['ours']:.1f}", f"{torn['keras_fit']:.0f} (from a sample)", "")
    table.add_row("... processor time, s", f"{torn['ours_cpu']:.1f}", "", "")
    Console().print(table)
    typer.echo(", ".join(f"{name} {value}" for name, value in report.machine.items()))
