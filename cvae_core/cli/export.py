"""`cvae export`: images, animations and the network of a run as files."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import nullcontext
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from PIL import Image

from cvae_core.analysis.generation import ManifoldView
from cvae_core.analysis.network import check_whole_number
from cvae_core.analysis.style import FirstImages, Source, StyleView, TestImage
from cvae_core.analysis.trained_run import TrainedRun
from cvae_core.cli.terminal import (
    JsonOption,
    RunArgument,
    RunsOption,
    exit_message_if_killed,
    observed,
    print_json,
    silence_libraries,
)
from cvae_core.errors import KILLED, ConfigError
from cvae_core.export.animation_task import save_animations
from cvae_core.rendering.animation import save_pictures
from cvae_core.rendering.output import ANIMATION_FORMATS, AnimationFormat, folder_to_fill, is_stream
from cvae_core.rendering.pictures import PICTURES, PictureView, picture_class
from cvae_core.runs.atomic_io import is_folder, named_path
from cvae_core.runs.run import Run, open_run, runs_folder
from cvae_core.runs.summary import overview, size_words

_KINDS: Final = ", ".join(PICTURES)
_RECONSTRUCTIONS: Final = 30
_SOURCE: Final = re.compile(r"(\d{1,6}|test):(\d{1,6})", re.ASCII)
_PLANE_DEFAULTS: Final = {"principal_epoch": None} | {
    name: ManifoldView.model_fields[name].default for name in ("dimensions", "quantiles", "size", "others", "pinned")
}
_NETWORKS: Final = {
    "style_transfer": "The model does style transfer: [image, its label, another label] -> image.",
    "reconstruction": "Without labels there is no style transfer: the model reconstructs an image.",
    "autoencoder": "The run learns points, so there is no script that draws digits: the model reconstructs a point.",
}
_AnimationOption = Annotated[
    list[str] | None,
    typer.Option("--animation", "--film", help=f"Animate all snapshots: {_KINDS}. Repeat for several, into a folder."),
]
_PictureOption = Annotated[
    list[str] | None, typer.Option(help=f"Draw one snapshot: {_KINDS}. Repeat for several, into a folder.")
]
_SourcesOption = Annotated[
    str,
    typer.Option(
        metavar="LABEL:COUNT",
        help="Whose style: the first training images of a label, such as 3:5,7:5; test:41 for a test image.",
    ),
]
_PrincipalOption = Annotated[
    bool, typer.Option("--principal", help="Of latent: the principal components of the newest codes as axes.")
]
_QuantilesOption = Annotated[str, typer.Option(metavar="LOW,HIGH", help="Of manifold: the quantiles of the prior.")]
_CodeOption = Annotated[
    str | None, typer.Option(metavar="Z1,Z2,...", help="Of manifold: the other dimensions. Default: zeros.")
]
_PinOption = Annotated[int | None, typer.Option(help="Of manifold: the test image that gives the other dimensions.")]
_EpochOption = Annotated[
    int | None, typer.Option(help="The epoch to show (pictures and network). Default: the newest snapshot.")
]
_FormatOption = Annotated[
    str | None, typer.Option("--format", help="Of animations: gif or webp. Default: that of the output's name, or gif.")
]
_OutputOption = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The file, or the folder for several; created if missing. Default: here."),
]
_KerasOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE.keras",
        help="Write encoder, decoder and style transfer as one Keras file, with a script beside it that uses them.",
    ),
]
_SavedModelOption = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Write the decoder as a TensorFlow SavedModel, in a new folder.")
]


def export(
    run: RunArgument,
    animation: _AnimationOption = None,
    picture: _PictureOption = None,
    label: Annotated[str | None, typer.Option(help="A label, or 'all' for one file each, into a folder.")] = None,
    sources: _SourcesOption = "7:10",
    invert: Annotated[bool, typer.Option("--invert", help="Of style: dark ink on light paper.")] = False,
    across: Annotated[int, typer.Option(help="Of manifold and latent: the horizontal latent dimension.")] = 1,
    down: Annotated[int, typer.Option(help="Of manifold and latent: the vertical latent dimension.")] = 2,
    principal: _PrincipalOption = False,
    quantiles: _QuantilesOption = "0.05,0.95",
    size: Annotated[int, typer.Option(help="Of manifold: tiles along each side.")] = _PLANE_DEFAULTS["size"],
    code: _CodeOption = None,
    pin: _PinOption = None,
    epoch: _EpochOption = None,
    seed: Annotated[int, typer.Option(help="The seed of the samples.")] = 0,
    scale: Annotated[int | None, typer.Option(help="Enlargement, 1 to 8. Default: chosen automatically.")] = None,
    animation_format: _FormatOption = None,
    output: _OutputOption = None,
    force: Annotated[bool, typer.Option("--force", help="Replace existing files.")] = False,
    skip_damaged: Annotated[
        bool, typer.Option("--skip-damaged", help="Leave damaged snapshots out of animations.")
    ] = False,
    keras: _KerasOption = None,
    saved_model: _SavedModelOption = None,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export animations and pictures of a run, or its network.

    A file appears only when complete; after Ctrl-C there is none.
    """
    if keras is not None or saved_model is not None:
        _refuse_with_network({"--animation": animation, "--picture": picture, "--output": output})
        _export_network(open_run(runs_folder(runs), run), keras, saved_model, epoch, force, as_json)
        return
    _check_kinds(animation, picture, epoch, animation_format)
    file_format = _file_format(animation_format, output)
    trained = TrainedRun(open_run(runs_folder(runs), run))
    latent_dim = trained.config.model.latent_dim
    for dimension in (across, down) if latent_dim > 1 else ():
        check_whole_number("latent dimension", dimension, 1, latent_dim)
    if code is not None and pin is not None:
        raise ConfigError("The other dimensions come either from a code or from a pinned image.", "Leave one out.")
    plane = {
        "dimensions": (across - 1, down - 1),
        "principal_epoch": trained.epochs[-1] if principal and latent_dim > 1 else None,
        "quantiles": _numbers("--quantiles", quantiles, 2),
        "size": size,
        "others": () if code is None else _numbers("--code", code, latent_dim),
        "pinned": pin,
    }
    others = {"sources": parse_sources(sources), "invert": invert, "seed": seed, "count": _RECONSTRUCTIONS}
    labels = _labels(label, trained.test_data.shape.n_classes)
    views = _views(animation or picture or [], labels, plane, others)
    endings = ["png"]
    if animation:
        alternatives = [] if animation_format else [other for other in ANIMATION_FORMATS if other != file_format]
        endings = [file_format, *alternatives]
    wanted = _files(views, endings, output)
    with (
        folder_to_fill(wanted[0][1].parent) if len(wanted) > 1 else nullcontext(),
        observed(f"painting {f'{len(wanted)} files' if len(wanted) > 1 else 'one file'} of {run}", as_json) as progress,
    ):
        if animation:
            report = save_animations(
                trained,
                wanted,
                file_format,
                scale=scale,
                replace=force,
                skip_damaged=skip_damaged,
                progress=progress,
            )
            facts = {"epochs": list(report.epochs), "skipped_epochs": list(report.skipped)}
        else:
            save_pictures(trained, wanted, epoch, scale=scale, replace=force, progress=progress)
            facts = {"epochs": [trained.epochs[-1] if epoch is None else epoch], "skipped_epochs": []}
    _print_result(trained.run, wanted, facts, as_json)


def _refuse_with_network(options: dict[str, Any]) -> None:
    for option, value in options.items():
        if value:
            raise ConfigError(
                f"{option} does not go with --keras or --saved-model, which name their own files.",
                "Use two commands.",
            )


def _check_kinds(
    animation: list[str] | None, picture: list[str] | None, epoch: int | None, animation_format: str | None
) -> None:
    if bool(animation) == bool(picture):
        raise ConfigError(
            "Give either --animation or --picture.",
            f"Both accept: {_KINDS}. --keras and --saved-model export the network itself.",
        )
    if animation and epoch is not None:
        raise ConfigError("An animation shows every epoch.", "Leave --epoch out, or use --picture.")
    if picture and animation_format is not None:
        raise ConfigError("Pictures are PNG files.", "Leave --format out.")


def _views(
    kinds: Sequence[str], labels: Sequence[int | None], plane: dict[str, Any], others: dict[str, Any]
) -> list[PictureView]:
    """One view for each file; each view takes the fields that it has."""
    classes = [picture_class(name) for name in dict.fromkeys(kinds)]
    if labels[0] is not None and not any("label" in view.model_fields for view in classes):
        raise ConfigError(f"The picture {kinds[0]} shows every label.", "Leave --label out.")
    if plane != _PLANE_DEFAULTS and not any("dimensions" in view.model_fields for view in classes):
        raise ConfigError(f"The picture {kinds[0]} shows no plane of latent space.", "Leave its options out.")
    views = []
    for view in classes:
        for label in labels if "label" in view.model_fields else [None]:
            fields = {**plane, **others, "label": label}
            views.append(view(**{name: value for name, value in fields.items() if name in view.model_fields}))
    return views


def _labels(label: str | None, n_classes: int) -> Sequence[int | None]:
    if label is None:
        return [None]
    if label == "all":
        return range(n_classes)
    if not label.isascii() or not label.isdigit() or int(label) >= n_classes:
        raise ConfigError(f"The label should be a whole number from 0 to {n_classes - 1}, or 'all'; it is {label!r}.")
    return [int(label)]


def _numbers(option: str, text: str, count: int) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count or not all(map(isfinite, found)):
        raise ConfigError(f"{option} expects {count} numbers separated by commas; it got {text!r}.")
    return found


def parse_sources(text: str) -> tuple[Source, ...]:
    """Read the sources of a style transfer.

    Args:
        text: LABEL:COUNT, the first images of a label, or test:INDEX, a test image; several separated by commas, such
            as 7:10 or 3:5,test:41.

    Raises:
        ConfigError: The form is wrong, or the number of images is not 1 to 100.
    """
    sources: list[Source] = []
    for part in text.split(","):
        match = _SOURCE.fullmatch(part.strip())
        if match is None:
            raise ConfigError(
                f"--sources expects LABEL:COUNT, such as 7:10 or 3:5,7:5, or test:INDEX; it got {text!r}."
            )
        kind, number = match[1], int(match[2])
        is_test = kind == "test"
        sources.append(TestImage(index=number) if is_test else FirstImages(label=int(kind), count=number))
    return StyleView(sources=tuple(sources)).sources


def _file_format(chosen: str | None, output: Path | None) -> AnimationFormat:
    """The chosen format of animations, else that of the output's name, else GIF."""
    ending = output.suffix.lower().removeprefix(".") if output is not None else ""
    for known in ANIMATION_FORMATS:
        if known == (chosen or ending):
            return known
    if chosen is not None:
        raise ConfigError(f"Animations have no format {chosen!r}.", f"The formats are: {', '.join(ANIMATION_FORMATS)}.")
    return ANIMATION_FORMATS[0]


def _files(views: Sequence[PictureView], endings: Sequence[str], output: Path | None) -> list[tuple[PictureView, Path]]:
    """The file of each picture: the output itself for one, in that folder for several.

    Args:
        views: Of the pictures.
        endings: Of the format to write, then of the others that the name of the output could have chosen.
        output: A file, a folder or a stream.
    """
    target = named_path(output or Path())
    if len(views) == 1 and output is not None and not is_folder(target):
        if output.suffix.lower() != f".{endings[0]}" and not is_stream(target):
            expected = " or ".join(f".{ending}" for ending in endings)
            raise ConfigError(f"The name of the output should end in {expected}; it is {output.name!r}.")
        return [(views[0], target)]
    return [(view, target / f"{view.file_stem}.{endings[0]}") for view in views]


def _print_result(run: Run, wanted: Sequence[tuple[PictureView, Path]], facts: dict[str, Any], as_json: bool) -> None:
    if any(is_stream(path) for _, path in wanted):  # it may be standard output, where nothing else belongs
        typer.echo(f"Written to {wanted[0][1]}.", err=True)
        return
    files: list[dict[str, Any]] = []
    for view, path in wanted:
        with Image.open(path) as image:
            size = {"width": image.width, "height": image.height, "frames": getattr(image, "n_frames", 1)}
        label = getattr(view, "label", None)
        files.append({"path": str(path), "kind": view.kind, "label": label, **size, "bytes": path.stat().st_size})
    damage = overview(run).damage
    if as_json:
        print_json({"run": run.id, "files": files, **facts, **({"damage": damage} if damage else {})})
        return
    first, last = facts["epochs"][0], facts["epochs"][-1]
    epochs = f"epoch {first}" if first == last else f"epochs {first} to {last}"
    for file in files:
        frames = f"{file['frames']} frames, " if file["frames"] > 1 else ""
        pixels = f"{file['width']} x {file['height']} pixels"
        typer.echo(f"{file['path']}: {epochs}, {frames}{pixels}, {size_words(file['bytes'])}")
    if damage:
        typer.echo(damage, err=True)
    if facts["skipped_epochs"]:
        skipped = ", ".join(map(str, facts["skipped_epochs"]))
        typer.echo(f"Left out, because their snapshots are damaged: epochs {skipped}.", err=True)


def _export_network(
    run: Run, keras: Path | None, saved_model: Path | None, epoch: int | None, force: bool, as_json: bool
) -> None:
    """Write the Keras file and the SavedModel, and print what they are."""
    from cvae_core.export.keras_export import export_network

    file, folder = (None if path is None else named_path(path) for path in (keras, saved_model))
    if file is not None and file.suffix != ".keras":
        raise ConfigError(f"The name of a Keras file should end in .keras; it is {file.name!r}.")
    with (
        exit_message_if_killed(f"Error: {KILLED}"),
        silence_libraries(),
        observed(f"exporting {run.id}", as_json) as progress,
    ):
        made = export_network(run, file, folder, epoch, replace=force, progress=progress)
    files = {"keras": made.keras, "script": made.script, "saved_model": made.saved_model}
    paths = {what: str(path) for what, path in files.items() if path is not None}
    damage = overview(run).damage
    if as_json:
        facts = {"run": run.id, "epoch": made.epoch, "model": made.name, **paths}
        print_json(facts | ({"damage": damage} if damage else {}))
        return
    for path in paths.values():
        typer.echo(path)
    typer.echo(f"This is the network after epoch {made.epoch}.")
    if damage:
        typer.echo(damage, err=True)
    if made.keras is not None:
        typer.echo(f'{_NETWORKS[made.name]} Its parts: get_layer("encoder") and get_layer("decoder").')
