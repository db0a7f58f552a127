"""`cvae export --keras` and `--saved-model`: the network of a run, for use without this software."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from cvae_core.cli.terminal import nothing_printed_by_others, observed, print_json, told_if_killed
from cvae_core.errors import ConfigError
from cvae_core.runs.atomic_io import named_path
from cvae_core.runs.run import open_run, runs_folder
from cvae_core.runs.summary import overview
from cvae_core.system_errors import KILLED

KerasOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.keras",
        help="Write encoder, decoder and style transfer as one Keras file, with a script beside it that uses them.",
    ),
]
SavedModelOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write the decoder as a TensorFlow SavedModel, in a new folder.")
]
_WHOLE: Final = {
    "style_transfer": "The model does style transfer: [image, its label, another label] -> image.",
    "reconstruction": "Without labels there is no style transfer: the model reconstructs an image.",
    "autoencoder": "The run learns points, so there is no script that draws digits: the model reconstructs a point.",
}


def refuse_together(others: dict[str, Any]) -> None:
    """Refuse options that do not go with the network.

    Raises:
        ConfigError: One of them was given.
    """
    if given := [option for option, value in others.items() if value]:
        raise ConfigError(
            f"{given[0]} does not go with --keras or --saved-model, which name their own files.",
            "Use two commands.",
        )


def export_keras(
    run: str,
    keras: Path | None,
    saved_model: Path | None,
    epoch: int | None,
    force: bool,
    runs: str | None,
    as_json: bool,
) -> None:
    """Write the files and say what they are."""
    from cvae_core.export.keras_export import export_network

    found = open_run(runs_folder(runs), run)
    file, folder = (None if path is None else named_path(path) for path in (keras, saved_model))
    if file is not None and file.suffix != ".keras":
        raise ConfigError(f"The name of a Keras file should end in .keras; it is {file.name!r}.")
    # TensorFlow greets everybody with lines about processors, on standard error.
    with (
        told_if_killed(f"Error: {KILLED}"),
        nothing_printed_by_others(),
        observed(f"exporting {found.id}", as_json) as (progress, should_stop),
    ):
        made = export_network(found, file, folder, epoch, replace=force, progress=progress, should_stop=should_stop)
    made_of = {"keras": made.keras, "script": made.script, "saved_model": made.saved_model}
    paths = {what: str(path) for what, path in made_of.items() if path is not None}
    damage = overview(found).damage
    if as_json:
        facts = {"run": found.id, "epoch": made.epoch, "model": made.name, **paths}
        print_json(facts | ({"damage": damage} if damage else {}))
        return
    for path in paths.values():
        typer.echo(path)
    typer.echo(f"This is the network after epoch {made.epoch}.")
    if damage:
        typer.echo(damage, err=True)
    if made.keras is not None:
        typer.echo(f'{_WHOLE[made.name]} Its parts: get_layer("encoder") and get_layer("decoder").')
