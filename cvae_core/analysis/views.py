"""Views: what a picture shows, as one frozen record that its link, cache, player, export and computation share."""

from __future__ import annotations

import hashlib
from typing import Final, Protocol, Self, TypeVar

from pydantic import model_validator

from cvae_core.analysis.network import Network
from cvae_core.config.fields import Settings
from cvae_core.errors import ConfigError
from cvae_core.records import Dataset

# How many images of the test set are shown as points, or ranked by their loss.
POINTS_LIMIT: Final = 10_000

Record_co = TypeVar("Record_co", covariant=True)
Record = TypeVar("Record")
Other = TypeVar("Other")


class View(Settings):
    """What is shown, except run and epoch; hashable, with one JSON form.

    Raises:
        ConfigError: A value is out of range.
    """

    kind: str

    @property
    def file_stem(self) -> str:
        """The name of a file of the picture, without its ending."""
        label = getattr(self, "label", None)
        return self.kind if label is None else f"{self.kind}_{label}"

    @property
    def identity(self) -> str:
        """A short text that is the same for equal views only."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def training_images(self) -> tuple[tuple[int, int], ...]:
        """Which training images the view shows: label and number of the first images of that label."""
        return ()


class PlaneView(View):
    """A view of a plane of latent space.

    Attributes:
        dimensions: The latent dimensions across and down (or up), counted from 0; a one-dimensional code has no plane.
    """

    dimensions: tuple[int, int] = (0, 1)

    @model_validator(mode="after")
    def _check_dimensions(self) -> Self:
        if self.dimensions[0] == self.dimensions[1]:
            raise ConfigError("The two latent dimensions of the plane should differ.")
        return self

    @property
    def file_stem(self) -> str:
        """As in ``View``, with the dimensions unless they are the first two."""
        x, y = self.dimensions
        return super().file_stem + ("" if self.dimensions == (0, 1) else f"_z{x + 1}_z{y + 1}")


class Records(Protocol):
    """Gives other records of the same run, from a cache if possible."""

    def __call__(self, view: Computed[Record], epoch: int | None = None) -> Record:
        """The record of another view, at the epoch that is shown or at another one."""


class Computed(Protocol[Record_co]):
    """A view whose record can be computed."""

    @property
    def training_images(self) -> tuple[tuple[int, int], ...]:
        """As in ``View``."""

    def compute(self, network: Network, data: Dataset, records: Records) -> Record_co:
        """As the function ``compute``."""


def compute(network: Network, data: Dataset, view: Computed[Record], records: Records | None = None) -> Record:
    """The record of a view.

    Args:
        network: The network of the epoch that is shown.
        data: The data of the run; the training part only if the view shows training images.
        view: What to show.
        records: Gives records of other views and epochs that this one builds on; computed by the same network if
            ``None``.

    Raises:
        ConfigError: The network or the data do not have what the view names, such as a label or a dimension.
    """

    def from_this_network(view: Computed[Other], epoch: int | None = None) -> Other:  # noqa: ARG001
        return compute(network, data, view)

    return view.compute(network, data, records or from_this_network)
