"""What the options of `cvae export` mean: which pictures, in which form, under which names."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Final

from cvae_core.analysis.network import check_whole_number
from cvae_core.errors import ConfigError
from cvae_core.export.output import is_stream
from cvae_core.export.settings import (
    FILM_FORMATS,
    LABELLED,
    PICTURE_KINDS,
    PLANAR,
    FilmFormat,
    PictureKind,
    PictureSettings,
    Plane,
    parse_sources,
)
from cvae_core.export.trained_run import TrainedRun
from cvae_core.runs.files import is_folder, named_path

_ALL: Final = "all"


def picture_settings(
    kinds: Sequence[str],
    label: str | None,
    sources: str,
    seed: int,
    scale: int | None,
    plane: Plane,
    invert: bool,
    trained: TrainedRun,
) -> list[PictureSettings]:
    """The pictures that are asked for, one for each file.

    Args:
        kinds: Names of pictures.
        label: A number, or "all"; it concerns those pictures that can show one label, and one of them there must be.
        sources: As ``parse_sources`` takes it.
        seed: Of samples.
        scale: As in ``PictureSettings``.
        plane: As in ``PictureSettings``; it concerns manifolds and latent pictures, and one of them there must be
            unless it is the usual one.
        invert: As in ``PictureSettings``; it concerns pictures of style.
        trained: The run.

    Raises:
        ConfigError: An option makes no sense.
    """
    known = [_kind(name) for name in dict.fromkeys(kinds)]
    whose = parse_sources(sources)
    labels = _labels(label, trained.test_data.shape.n_classes)
    if label is not None and not any(kind in LABELLED for kind in known):
        raise ConfigError(f"The picture {known[0]} shows every label.", "Leave --label out.")
    if plane != Plane() and not any(kind in PLANAR for kind in known):
        raise ConfigError(f"The picture {known[0]} shows no plane of latent space.", "Leave the options of it out.")
    return [
        PictureSettings(kind, chosen, whose, seed, scale, plane, invert)
        for kind in known
        for chosen in (labels if kind in LABELLED else [None])
    ]


def plane_of(
    across: int,
    down: int,
    principal: bool,
    quantiles: str,
    size: int,
    code: str | None,
    pin: int | None,
    trained: TrainedRun,
) -> Plane:
    """The plane that the options name, whose dimensions they count from 1, as people do.

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
    low, high = _numbers("--quantiles", quantiles, 2)
    return Plane(
        (across - 1, down - 1),
        trained.epochs[-1] if principal and latent_dim > 1 else None,
        (low, high),
        size,
        () if code is None else _numbers("--code", code, latent_dim),
        pin,
    )


def _numbers(option: str, text: str, count: int) -> tuple[float, ...]:
    try:
        found = tuple(float(part) for part in text.split(","))
    except ValueError:
        found = ()
    if len(found) != count or not all(map(isfinite, found)):
        raise ConfigError(f"{option} expects {count} numbers with commas between them; it got {text!r}.")
    return found


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


def files(
    settings: Sequence[PictureSettings], endings: Sequence[str], output: Path | None
) -> list[tuple[PictureSettings, Path]]:
    """Where each picture goes: one to the output, unless that is a folder, and several into it.

    Args:
        settings: Of the pictures.
        endings: The form to write, then the others that the name of the output could have asked for.
        output: A file, a folder or a stream.

    Raises:
        ConfigError: The output's name ends otherwise.
    """
    ending = endings[0]
    if len(settings) == 1 and output is not None and not is_folder(named_path(output)):
        if output.suffix.lower() != f".{ending}" and not is_stream(named_path(output)):
            expected = " or ".join(f".{known}" for known in endings)
            raise ConfigError(f"The name of the output should end in {expected}; it is {output.name!r}.")
        return [(settings[0], named_path(output))]
    folder = named_path(output or Path())
    return [(shown, folder / f"{shown.file_stem}.{ending}") for shown in settings]


def _kind(name: str) -> PictureKind:
    for kind in PICTURE_KINDS:
        if name == kind:
            return kind
    raise ConfigError(f"There is no picture {name!r}.", f"The pictures are: {', '.join(PICTURE_KINDS)}.")


def _labels(label: str | None, n_classes: int) -> Sequence[int | None]:
    if label is None:
        return [None]
    if label == _ALL:
        return range(n_classes)
    if not label.isascii() or not label.isdigit() or int(label) >= n_classes:
        raise ConfigError(f"The label should be a whole number from 0 to {n_classes - 1}, or 'all'; it is {label!r}.")
    return [int(label)]
