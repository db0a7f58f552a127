"""`cvae export --keras` and `--saved-model`: the network of a run, for use without this software."""

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
    Observer,
    RunArgument,
    RunsOption,
    nothing_printed_by_others,
    observed,
    print_json,
    told_if_killed,
)
from cvae_core.errors import KILLED, ConfigError
from cvae_core.export.animation_task import save_films
from cvae_core.rendering.animation import save_pictures
from cvae_core.rendering.output import FILM_FORMATS, FilmFormat, check_target, folder_to_fill, is_stream
from cvae_core.rendering.pictures import PICTURES, PictureView, picture_class
from cvae_core.runs.atomic_io import is_folder, named_path
from cvae_core.runs.run import open_run, runs_folder
from cvae_core.runs.summary import overview, size_words

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


_ALL: Final = "all"


_SOURCE: Final = re.compile(r"(\d{1,6}|test):(\d{1,6})", re.ASCII)
_RECONSTRUCTIONS: Final = 30


def picture_views(
    kinds: Sequence[str], label: str | None, n_classes: int, plane: dict[str, Any], others: dict[str, Any]
) -> list[PictureView]:
    """The pictures that are asked for, one for each file.

    Args:
        kinds: Names of pictures.
        label: A number, or "all"; at least one of the pictures must show one label.
        n_classes: How many labels there are.
        plane: Fields of the views of a plane; at least one of the pictures must be such a one unless they are the
            usual ones.
        others: Further fields of the views. Each view takes those that it has.

    Raises:
        ConfigError: An option makes no sense.
    """
    views = [picture_class(name) for name in dict.fromkeys(kinds)]
    labels = _labels(label, n_classes)
    if label is not None and not any("label" in view.model_fields for view in views):
        raise ConfigError(f"The picture {kinds[0]} shows every label.", "Leave --label out.")
    usual = all(value == PLANE_DEFAULTS[name] for name, value in plane.items())
    if not usual and not any("dimensions" in view.model_fields for view in views):
        raise ConfigError(f"The picture {kinds[0]} shows no plane of latent space.", "Leave the options of it out.")
    return [
        view(**{name: value for name, value in fields.items() if name in view.model_fields})
        for view in views
        for fields in ({**plane, **others, "label": of} for of in (labels if "label" in view.model_fields else [None]))
    ]


PLANE_DEFAULTS: Final = {"principal_epoch": None} | {
    name: ManifoldView.model_fields[name].default for name in ("dimensions", "quantiles", "size", "others", "pinned")
}


def plane_of(
    across: int,
    down: int,
    principal: bool,
    quantiles: str,
    size: int,
    code: str | None,
    pin: int | None,
    trained: TrainedRun,
) -> dict[str, Any]:
    """The fields of a view of a plane that the options name; they count dimensions from 1, as people do.

    Args:
        across: A latent dimension.
        down: Another.
        principal: Whether the principal directions of the newest snapshot's codes take their place.
        quantiles: Two numbers with a comma between them.
        size: Of the grid.
        code: A number for each latent dimension, with commas between them.
        pin: Index of a test image.
        trained: The run.

    Raises:
        ConfigError: An option makes no sense.
    """
    latent_dim = trained.config.model.latent_dim
    if latent_dim > 1:
        for dimension in (across, down):
            check_whole_number("latent dimension", dimension, 1, latent_dim)
    if code is not None and pin is not None:
        raise ConfigError("The other dimensions hold either a code or that of a pinned image.", "Leave one option out.")
    return {
        "dimensions": (across - 1, down - 1),
        "principal_epoch": trained.epochs[-1] if principal and latent_dim > 1 else None,
        "quantiles": _numbers("--quantiles", quantiles, 2),
        "size": size,
        "others": () if code is None else _numbers("--code", code, latent_dim),
        "pinned": pin,
    }


def _numbers(option: str, text: str, count: int) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count or not all(map(isfinite, found)):
        raise ConfigError(f"{option} expects {count} numbers with commas between them; it got {text!r}.")
    return found


def parse_sources(text: str) -> tuple[Source, ...]:
    """Read whose style to transfer.

    Args:
        text: LABEL:COUNT, the first so many images of a label, or test:INDEX, a test image; several with commas, such
            as 7:10 or 3:5,test:41.

    Raises:
        ConfigError: It is of another form, or asks for no image or more than 100.
    """
    return StyleView(sources=tuple(_parsed_source(part.strip(), text) for part in text.split(","))).sources


def _parsed_source(part: str, text: str) -> Source:
    match = _SOURCE.fullmatch(part)
    if match is None:
        raise ConfigError(f"--sources expects LABEL:COUNT, such as 7:10 or 3:5,7:5, or test:INDEX; it got {text!r}.")
    if match[1] == "test":
        return TestImage(index=int(match[2]))
    return FirstImages(label=int(match[1]), count=int(match[2]))


def film_format_of(chosen: str | None, output: Path | None) -> FilmFormat:
    """The form of films: the chosen one, else that of the output's name, else GIF.

    Raises:
        ConfigError: There is no such form.
    """
    ending = output.suffix.lower().removeprefix(".") if output is not None else ""
    name = chosen or (ending if ending in FILM_FORMATS else FILM_FORMATS[0])
    for film_format in FILM_FORMATS:
        if name == film_format:
            return film_format
    raise ConfigError(f"There is no format {name!r} for films.", f"The formats are: {', '.join(FILM_FORMATS)}.")


def files(views: Sequence[PictureView], endings: Sequence[str], output: Path | None) -> list[tuple[PictureView, Path]]:
    """Where each picture goes: one to the output, unless that is a folder, and several into it.

    Args:
        views: Of the pictures.
        endings: The form to write, then the others that the name of the output could have asked for.
        output: A file, a folder or a stream.

    Raises:
        ConfigError: The output's name ends otherwise.
    """
    ending = endings[0]
    if len(views) == 1 and output is not None and not is_folder(named_path(output)):
        if output.suffix.lower() != f".{ending}" and not is_stream(named_path(output)):
            expected = " or ".join(f".{known}" for known in endings)
            raise ConfigError(f"The name of the output should end in {expected}; it is {output.name!r}.")
        return [(views[0], named_path(output))]
    folder = named_path(output or Path())
    return [(view, folder / f"{view.file_stem}.{ending}") for view in views]


def _labels(label: str | None, n_classes: int) -> Sequence[int | None]:
    if label is None:
        return [None]
    if label == _ALL:
        return range(n_classes)
    if not label.isascii() or not label.isdigit() or int(label) >= n_classes:
        raise ConfigError(f"The label should be a whole number from 0 to {n_classes - 1}, or 'all'; it is {label!r}.")
    return [int(label)]


_KINDS: Final = ", ".join(PICTURES)
_FilmOption = Annotated[
    list[str] | None,
    typer.Option("--animation", "--film", help=f"Animate all snapshots: {_KINDS}. Repeat for several, into a folder."),
]
_PictureOption = Annotated[
    list[str] | None, typer.Option(help=f"Draw one snapshot: {_KINDS}. Repeat for several, into a folder.")
]
_LabelOption = Annotated[str | None, typer.Option(help="A label, or 'all' for a file each, into a folder.")]
_SourcesOption = Annotated[
    str,
    typer.Option(
        metavar="LABEL:COUNT",
        help="Whose style: the first training images of a label, such as 3:5,7:5; test:41 for a test image.",
    ),
]
_InvertOption = Annotated[bool, typer.Option("--invert", help="Of style: dark ink on light paper.")]
_AcrossOption = Annotated[int, typer.Option(help="Of manifold and latent: the latent dimension across.")]
_DownOption = Annotated[int, typer.Option(help="The latent dimension down a manifold, or up the latent plane.")]
_PrincipalOption = Annotated[
    bool, typer.Option("--principal", help="Of latent: the principal components of the newest codes as axes.")
]
_QuantilesOption = Annotated[
    str, typer.Option(metavar="LOW,HIGH", help="Of manifold: from which quantile of the prior to which.")
]
_SizeOption = Annotated[int, typer.Option(help="Of manifold: tiles along each side.")]
_CodeOption = Annotated[
    str | None, typer.Option(metavar="Z1,Z2,...", help="Of manifold: what the other dimensions hold. Default: zeros.")
]
_PinOption = Annotated[int | None, typer.Option(help="Of manifold: the test image whose code they hold instead.")]
_EpochOption = Annotated[
    int | None, typer.Option(help="The epoch to show (pictures and network). Default: the newest snapshot.")
]
_ScaleOption = Annotated[int | None, typer.Option(help="How much larger than one to one, 1 to 8.")]
_FormatOption = Annotated[
    str | None,
    typer.Option("--format", help="The format of films: gif or webp. Default: as the output's name ends, else gif."),
]
_OutputOption = Annotated[
    Path | None,
    typer.Option("-o", "--output", help="The file, or the folder of several, made if missing. Default: here."),
]
_ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that exist already.")]
_SkipOption = Annotated[bool, typer.Option("--skip-damaged", help="Leave damaged snapshots out of films.")]
_Wanted = Sequence[tuple[PictureView, Path]]


def export(
    run: RunArgument,
    film: _FilmOption = None,
    picture: _PictureOption = None,
    label: _LabelOption = None,
    sources: _SourcesOption = "7:10",
    invert: _InvertOption = False,
    across: _AcrossOption = 1,
    down: _DownOption = 2,
    principal: _PrincipalOption = False,
    quantiles: _QuantilesOption = "0.05,0.95",
    size: _SizeOption = PLANE_DEFAULTS["size"],
    code: _CodeOption = None,
    pin: _PinOption = None,
    epoch: _EpochOption = None,
    seed: Annotated[int, typer.Option(help="The seed of the samples.")] = 0,
    scale: _ScaleOption = None,
    film_format: _FormatOption = None,
    output: _OutputOption = None,
    force: _ForceOption = False,
    skip_damaged: _SkipOption = False,
    keras: KerasOption = None,
    saved_model: SavedModelOption = None,
    runs: RunsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Export animations and pictures of a run, or its network.

    A file appears only when complete; after Ctrl-C there is none.
    """
    if keras is not None or saved_model is not None:
        refuse_together({"--animation": film, "--picture": picture, "--output": output})
        export_keras(run, keras, saved_model, epoch, force, runs, as_json)
        return
    _check_kinds(film, picture, epoch, film_format)
    ending = film_format_of(film_format, output)
    trained = TrainedRun(open_run(runs_folder(runs), run))
    plane = plane_of(across, down, principal, quantiles, size, code, pin, trained)
    others = {"sources": parse_sources(sources), "invert": invert, "seed": seed, "count": _RECONSTRUCTIONS}
    views = picture_views(film or picture or [], label, trained.test_data.shape.n_classes, plane, others)
    wanted = files(views, _endings(ending, film_format) if film else ["png"], output)
    options: dict[str, Any] = {"scale": scale, "replace": force}
    facts = _made(trained, wanted, ending if film else None, epoch, options, skip_damaged, as_json)
    _conclude(trained, wanted, facts, as_json)


def _made(
    trained: TrainedRun,
    wanted: _Wanted,
    ending: FilmFormat | None,
    epoch: int | None,
    options: dict[str, Any],
    skip_damaged: bool,
    as_json: bool,
) -> dict[str, Any]:
    """Make films of a format, or pictures if there is none, and tell of which epochs they are."""
    with folder_to_fill(wanted[0][1].parent) if len(wanted) > 1 else nullcontext():
        for _, path in wanted:
            check_target(path, replace=options["replace"])
        what = f"{len(wanted)} files" if len(wanted) > 1 else "one file"
        with observed(f"painting {what} of {trained.run.id}", as_json) as observer:
            if ending:
                return _films(trained, wanted, ending, options | {"skip_damaged": skip_damaged}, observer)
            return _pictures(trained, wanted, epoch, options, observer)


def _endings(ending: FilmFormat, chosen: str | None) -> list[str]:
    """The form of films, then those that the name of the output could have asked for."""
    return [ending] if chosen else [ending, *(other for other in FILM_FORMATS if other != ending)]


def _check_kinds(film: list[str] | None, picture: list[str] | None, epoch: int | None, film_format: str | None) -> None:
    """Refuse options that do not go together."""
    if bool(film) == bool(picture):
        raise ConfigError(
            "Give either --animation or --picture.",
            f"Both know: {_KINDS}. The network itself comes with --keras or --saved-model.",
        )
    if film and epoch is not None:
        raise ConfigError("An animation shows every epoch.", "Leave --epoch out, or use --picture.")
    if picture and film_format is not None:
        raise ConfigError("Pictures are PNG files.", "Leave --format out.")


def _films(
    trained: TrainedRun, wanted: _Wanted, ending: FilmFormat, options: dict[str, Any], observer: Observer
) -> dict[str, Any]:
    progress, should_stop = observer
    report = save_films(trained, wanted, ending, progress=progress, should_stop=should_stop, **options)
    return {"epochs": list(report.epochs), "skipped_epochs": list(report.skipped)}


def _pictures(
    trained: TrainedRun, wanted: _Wanted, epoch: int | None, options: dict[str, Any], observer: Observer
) -> dict[str, Any]:
    progress, should_stop = observer
    save_pictures(trained, wanted, epoch, progress=progress, should_stop=should_stop, **options)
    return {"epochs": [trained.epochs[-1] if epoch is None else epoch], "skipped_epochs": []}


def _conclude(trained: TrainedRun, wanted: _Wanted, facts: dict[str, Any], as_json: bool) -> None:
    if any(is_stream(path) for _, path in wanted):  # it may be standard output, where nothing else belongs
        typer.echo(f"Written to {wanted[0][1]}.", err=True)
        return
    made = [_described(view, path) for view, path in wanted]
    damage = overview(trained.run).damage
    if as_json:
        print_json({"run": trained.run.id, "files": made, **facts, **({"damage": damage} if damage else {})})
        return
    first, last = facts["epochs"][0], facts["epochs"][-1]
    epochs = f"epoch {first}" if first == last else f"epochs {first} to {last}"
    for file in made:
        frames = f"{file['frames']} frames, " if file["frames"] > 1 else ""
        size = f"{file['width']} x {file['height']} pixels"
        typer.echo(f"{file['path']}: {epochs}, {frames}{size}, {size_words(file['bytes'])}")
    if damage:
        typer.echo(damage, err=True)
    if facts["skipped_epochs"]:
        skipped = ", ".join(map(str, facts["skipped_epochs"]))
        typer.echo(f"Left out, because their snapshots are damaged: epochs {skipped}.", err=True)


def _described(view: PictureView, path: Path) -> dict[str, Any]:
    with Image.open(path) as image:
        width, height = image.size
        frames = getattr(image, "n_frames", 1)
    return {
        "path": str(path),
        "kind": view.kind,
        "label": getattr(view, "label", None),
        "width": width,
        "height": height,
        "frames": frames,
        "bytes": path.stat().st_size,
    }
