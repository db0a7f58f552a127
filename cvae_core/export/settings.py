"""What a picture or film should show, as a person asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal, get_args

from cvae_core.analysis.network import check_whole_number
from cvae_core.errors import ConfigError

PictureKind = Literal["manifold", "latent", "style", "samples", "reconstructions"]
PICTURE_KINDS: Final[tuple[PictureKind, ...]] = get_args(PictureKind)
SOURCES_LIMIT: Final = 100
SCALE_LIMIT: Final = 8

LABELLED: Final[tuple[PictureKind, ...]] = ("manifold", "latent", "reconstructions")
_SOURCE: Final = re.compile(r"(\d{1,6}):(\d{1,6})")
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
class PictureSettings:
    """What to paint of a network.

    Attributes:
        kind: The picture.
        label: Of a manifold, where it must be given, of the points of the latent plane, and of the images to
            reconstruct; ``None`` for all.
        sources: Whose style is transferred.
        seed: Of the codes of the samples.
        scale: How many times larger than one to one the picture is, 1 to 8; ``None`` for what suits it.

    Raises:
        ConfigError: A value is out of range, or a manifold has no label.
    """

    kind: PictureKind
    label: int | None = None
    sources: tuple[Sources, ...] = (Sources(7, 10),)
    seed: int = 0
    scale: int | None = None

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
        return stem if self.label is None else f"{stem}_{self.label}"


def parse_sources(text: str) -> tuple[Sources, ...]:
    """Read whose style to transfer.

    Args:
        text: LABEL:COUNT, the first so many images of a label; several with commas, such as 7:10 or 3:5,7:5.

    Raises:
        ConfigError: It is of another form, or asks for no image or more than 100.
    """
    found = [_SOURCE.fullmatch(part.strip()) for part in text.split(",")]
    matches = [match for match in found if match is not None]
    if len(matches) < len(found):
        raise ConfigError(f"--sources expects LABEL:COUNT, such as 7:10 or 3:5,7:5; it got {text!r}.")
    sources = tuple(Sources(int(match[1]), int(match[2])) for match in matches)
    for source in sources:
        check_whole_number("number of sources of a label", source.count, 1)
    check_whole_number("number of sources", sum(source.count for source in sources), 1, SOURCES_LIMIT)
    return sources
