"""What a picture or film should show, as a person asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, get_args

from pydantic import TypeAdapter

from cvae_core.analysis.manifold import GRID_SIZE, QUANTILES, quantile_steps
from cvae_core.analysis.network import check_whole_number
from cvae_core.errors import ConfigError
from cvae_core.short_repr import short_repr

FilmFormat = Literal["gif", "webp"]
FILM_FORMATS: Final[tuple[FilmFormat, ...]] = get_args(FilmFormat)
PictureKind = Literal["manifold", "latent", "style", "samples", "reconstructions"]
PICTURE_KINDS: Final[tuple[PictureKind, ...]] = get_args(PictureKind)
SOURCES_LIMIT: Final = 100
SCALE_LIMIT: Final = 8

LABELLED: Final[tuple[PictureKind, ...]] = ("manifold", "latent", "reconstructions")
PLANAR: Final[tuple[PictureKind, ...]] = ("manifold", "latent")
_SOURCE: Final = re.compile(r"(\d{1,6}|test):(\d{1,6})", re.ASCII)
_FILE_NAMES: Final = {"latent": "z_distr"}


@dataclass(frozen=True)
class Sources:
    """The first images of one label in the training set.

    Attributes:
        label: Theirs.
        count: How many.
    """

    label: int
    count: int


@dataclass(frozen=True)
class PickedImage:
    """One image of the test set.

    Attributes:
        index: Its place there.
    """

    index: int


@dataclass(frozen=True)
class OwnImage:
    """An image that a person brought, in the form of the data.

    Attributes:
        pixels: uint8 (height, width, channels) of the data's shape, as base64.
        label: What it is encoded with.
    """

    pixels: str
    label: int

    __repr__ = short_repr


Source = Sources | PickedImage | OwnImage


@dataclass(frozen=True)
class Plane:
    """The plane of latent space that a manifold or a latent picture shows.

    Attributes:
        dimensions: The latent dimensions across and down (or up), counted from 0; a one-dimensional code has none.
        principal_epoch: The axes of a latent picture are the two principal directions of the codes of this epoch, and
            not ``dimensions``; ``None`` if they are not.
        quantiles: Of the prior, the first and the last of a manifold's steps.
        size: Steps along each side of a manifold, 2 to 30.
        others: What the other dimensions of a manifold hold, a number for each dimension; none for zeros.
        pinned: The test image whose code they hold at each epoch instead; ``None`` for none.

    Raises:
        ConfigError: A value is out of range.
    """

    dimensions: tuple[int, int] = (0, 1)
    principal_epoch: int | None = None
    quantiles: tuple[float, float] = QUANTILES
    size: int = GRID_SIZE
    others: tuple[float, ...] = ()
    pinned: int | None = None

    __repr__ = short_repr

    def __post_init__(self) -> None:
        quantile_steps(self.size, self.quantiles)
        if self.dimensions[0] == self.dimensions[1]:
            raise ConfigError("The two latent dimensions of the plane should differ.")

    @property
    def suffix(self) -> str:
        """What tells the name of a file from that of the usual plane."""
        if self.principal_epoch is not None:
            return "_pc"
        return "" if self.dimensions == (0, 1) else "".join(f"_z{dimension + 1}" for dimension in self.dimensions)


@dataclass(frozen=True)
class PictureSettings:
    """What to paint of a network.

    Attributes:
        kind: The picture.
        label: Of a manifold, where it must be given, of the points of the latent plane, and of the images to
            reconstruct; ``None`` for all.
        sources: Whose style is transferred, a column for each image.
        seed: Of the codes of the samples.
        scale: How many times larger than one to one the picture is, 1 to 8; ``None`` for what suits it.
        plane: Of a manifold or a latent picture.
        invert: Whether a picture of style shows dark ink on light paper.

    Raises:
        ConfigError: A value is out of range, or a manifold has no label.
    """

    kind: PictureKind
    label: int | None = None
    sources: tuple[Source, ...] = (Sources(7, 10),)
    seed: int = 0
    scale: int | None = None
    plane: Plane = Plane()
    invert: bool = False

    __repr__ = short_repr

    def __post_init__(self) -> None:
        if self.kind not in PICTURE_KINDS:
            raise ConfigError(f"There is no picture {self.kind!r}.", f"The pictures are: {', '.join(PICTURE_KINDS)}.")
        if self.kind == "manifold" and self.label is None:
            raise ConfigError("A manifold is that of one label.", "Say which: --label 7, or --label all.")
        if self.label is not None and self.kind not in LABELLED:
            raise ConfigError(f"The picture {self.kind} shows every label.", "Leave --label out.")
        if self.scale is not None:
            check_whole_number("scale", self.scale, 1, SCALE_LIMIT)

    @property
    def file_stem(self) -> str:
        """The name of its file without an ending; those of the tutorial where it has such a picture."""
        stem = _FILE_NAMES.get(self.kind, self.kind)
        of = "" if self.label is None else f"_{self.label}"
        return f"{stem}{of}{self.plane.suffix if self.kind in PLANAR else ''}"

    def to_json(self) -> dict[str, Any]:
        """The same as JSON holds it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> PictureSettings:
        """Read what ``to_json`` gave."""
        return _SETTINGS.validate_python(value)


_SETTINGS: Final = TypeAdapter(PictureSettings)


def parse_sources(text: str) -> tuple[Source, ...]:
    """Read whose style to transfer.

    Args:
        text: LABEL:COUNT, the first so many images of a label, or test:INDEX, a test image; several with commas, such
            as 7:10 or 3:5,test:41.

    Raises:
        ConfigError: It is of another form, or asks for no image or more than 100.
    """
    sources = tuple(_parsed_source(part.strip(), text) for part in text.split(","))
    count = sum(source.count if isinstance(source, Sources) else 1 for source in sources)
    check_whole_number("number of sources", count, 1, SOURCES_LIMIT)
    return sources


def _parsed_source(part: str, text: str) -> Source:
    match = _SOURCE.fullmatch(part)
    if match is None:
        raise ConfigError(f"--sources expects LABEL:COUNT, such as 7:10 or 3:5,7:5, or test:INDEX; it got {text!r}.")
    if match[1] == "test":
        return PickedImage(int(match[2]))
    check_whole_number("number of sources of a label", int(match[2]), 1)
    return Sources(int(match[1]), int(match[2]))
