"""Where each weight stands in the flat vectors that the compiled training step works on.

One long vector instead of a tensor a weight makes Adam a single fused pass and halves the compile time.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np

from cvae_core.architecture import Architecture, Weights, check_weights
from cvae_core.records import Floats
from cvae_core.short_repr import short_repr


@dataclass(frozen=True)
class Slot:
    """The place of one weight.

    Attributes:
        name: As in ``Architecture.weight_shapes``.
        offset: Index of its first number.
        shape: Of the weight.
    """

    name: str
    offset: int
    shape: tuple[int, ...]

    __repr__ = short_repr

    @property
    def size(self) -> int:
        """How many numbers the weight has."""
        return math.prod(self.shape)


@dataclass(frozen=True)
class Layout:
    """The places of all weights of a network, in two vectors.

    Attributes:
        parameters: What the gradient changes: kernels, biases, and gamma and beta of the normalisations.
        moving: What the batches' statistics change: moving means and variances.
    """

    parameters: tuple[Slot, ...]
    moving: tuple[Slot, ...]

    __repr__ = short_repr

    @classmethod
    def of(cls, architecture: Architecture) -> Self:
        """Lay the weights of an architecture out in their fixed order."""
        shapes = architecture.weight_shapes()
        return cls(
            _slots((name, shape) for name, shape in shapes.items() if "/moving_" not in name),
            _slots((name, shape) for name, shape in shapes.items() if "/moving_" in name),
        )

    @property
    def parameter_count(self) -> int:
        """Length of the vector of parameters, and of each of Adam's moments."""
        return sum(slot.size for slot in self.parameters)


def _slots(shapes: Iterable[tuple[str, tuple[int, ...]]]) -> tuple[Slot, ...]:
    slots: list[Slot] = []
    offset = 0
    for name, shape in shapes:
        slots.append(Slot(name, offset, shape))
        offset += slots[-1].size
    return tuple(slots)


def pack(architecture: Architecture, weights: Weights) -> tuple[Floats, Floats]:
    """Join weights to the two vectors of a layout.

    Args:
        architecture: Whose weights they are.
        weights: Name -> float32 array.

    Returns:
        Parameters and moving statistics, float32 vectors; the second is empty without normalisation.

    Raises:
        WeightsError: The weights are not those of the architecture.
    """
    check_weights(architecture, weights)
    layout = Layout.of(architecture)
    return _joined(layout.parameters, weights), _joined(layout.moving, weights)


def _joined(slots: tuple[Slot, ...], weights: Weights) -> Floats:
    return np.concatenate([np.zeros(0, np.float32), *(weights[slot.name].ravel() for slot in slots)])


def unpack(architecture: Architecture, parameters: Floats, moving: Floats) -> Weights:
    """The inverse of ``pack``.

    Returns:
        Name -> float32 array in the architecture's order; the arrays are views.
    """
    layout = Layout.of(architecture)
    arrays = {
        slot.name: vector[slot.offset : slot.offset + slot.size].reshape(slot.shape)
        for slots, vector in ((layout.parameters, parameters), (layout.moving, moving))
        for slot in slots
    }
    return {name: arrays[name] for name in architecture.weight_shapes()}
