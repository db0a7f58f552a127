"""The code of one source under a slider for each latent dimension, or the way between the codes of two."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeGuard

from cvae_core.analysis.network import Network
from cvae_core.records import Floats
from dashboard.components import FOLDER
from dashboard.components.packing import check_posterior, decoder_blob, pack

STEPS: Final = 10

_mount = FOLDER.component(
    "latent_sliders",
    "sliders/latent_sliders.js",
    ("shared/shared.css", "sliders/latent_sliders.css"),
)


@dataclass(frozen=True)
class SlidersState:
    """What a studio reports each time a slider is let go.

    Attributes:
        code: The chosen code, latent_dim numbers; ``None`` as long as none was chosen for these sources.
        share: How far it is on the way from the first source to the second, 0 to 1; ``None`` where there is one.
    """

    code: tuple[float, ...] | None = None
    share: float | None = None

    @classmethod
    def parse(cls, value: object, codes: Floats) -> SlidersState:
        """Read what a studio reported; what is malformed, or about other codes, counts as absent.

        Args:
            value: JSON.
            codes: Those that the studio is given.
        """
        chosen = value.get("chosen") if isinstance(value, Mapping) else None
        if not isinstance(chosen, Mapping) or chosen.get("origin") != _origin(codes):
            return cls()
        code, share = chosen.get("code"), chosen.get("share")
        if not isinstance(code, list | tuple) or len(code) != codes.shape[1] or not all(map(_is_number, code)):
            return cls()
        if len(codes) == 1:
            return cls(tuple(map(float, code)))
        if not _is_number(share) or not 0 <= share <= 1:
            return cls()
        return cls(tuple(map(float, code)), float(share))


def latent_sliders(
    key: str,
    network: Network,
    codes: Floats,
    labels: Sequence[int],
    names: Sequence[str],
    class_names: Sequence[str],
    *,
    steps: int = STEPS,
    invert: bool = False,
    epoch: int | None = None,
) -> SlidersState:
    """Mount a studio. Moved sliders stay until other codes come.

    Args:
        key: Identifies the studio on the page.
        network: The decoder; of a CVAE.
        codes: float32 (1 or 2, latent_dim), of one source, whose dimensions get a slider each, or of two, between
            which one slider leads.
        labels: One for each source.
        names: One for each source, for people.
        class_names: One for each label.
        steps: Of the strips between two sources, both ends counted.
        invert: Show 255 minus each value.
        epoch: The network's, for the names of saved pictures; left out of them if ``None``.

    Returns:
        What the studio reports by now.

    Raises:
        ConfigError: The network has no posterior.
    """
    data = packed_sliders(network, codes, labels, names, class_names, steps, invert, epoch)
    return SlidersState.parse(_mount(key=key, data=data, on_chosen_change=_no_reaction), codes)


def packed_sliders(
    network: Network,
    codes: Floats,
    labels: Sequence[int],
    names: Sequence[str],
    class_names: Sequence[str],
    steps: int = STEPS,
    invert: bool = False,
    epoch: int | None = None,
) -> bytes:
    """The studio as the browser receives it; the arguments are those of ``latent_sliders``."""
    check_posterior(network)
    architecture = network.architecture
    if codes.shape not in ((1, architecture.latent_dim), (2, architecture.latent_dim)):
        raise ValueError(f"codes should be (1 or 2, {architecture.latent_dim}), not {codes.shape}")
    if not len(codes) == len(labels) == len(names):
        raise ValueError(f"{len(labels)} labels and {len(names)} names for {len(codes)} codes")
    if len(class_names) != architecture.shape.n_classes or steps < 2:
        raise ValueError(f"{len(class_names)} names for {architecture.shape.n_classes} labels, {steps} steps")
    decoder, arrays = decoder_blob(network)
    header: dict[str, Any] = {
        "decoder": decoder,
        "labels": [int(label) for label in labels],
        "names": list(names),
        "class_names": list(class_names),
        "steps": steps,
        "invert": invert,
        "origin": _origin(codes),
        "epoch": epoch,
    }
    return pack(header, {**arrays, "codes": codes.astype("float32", copy=False)})


def _origin(codes: Floats) -> str:
    """Identifies codes, so that what was chosen for others is not taken for a choice among these."""
    return hashlib.sha256(f"{codes.shape}".encode() + codes.astype("<f4").tobytes()).hexdigest()[:16]


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _no_reaction() -> None:
    """A value reaches the script only where a callback for it is given."""
