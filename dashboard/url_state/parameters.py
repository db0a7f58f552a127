"""Every value of a view, and how it is written in the address."""

from __future__ import annotations

from typing import Final

from cvae_core.analysis.samples import COLUMNS_LIMIT
from cvae_core.config.run import SEED_LIMIT
from dashboard.url_state.parameter import (
    Parameter,
    number,
    numbers,
    one_name,
    one_of,
    optional_whole_number,
    whole_number,
)

LARGEST: Final = 10**9
Z_LIMIT: Final = 6.0
LARGEST_GRID: Final = 30
LATENT_DIM_LIMIT: Final = 64
RECONSTRUCTIONS_LIMIT: Final = 100
PRINCIPAL: Final = "pc"

# Shared by all pages.
EPOCH: Final = optional_whole_number("epoch", LARGEST, "newest", always=True)
LABEL: Final = optional_whole_number("label", LARGEST, "all", default=0)
PIN: Final = optional_whole_number("pin", LARGEST, "none")
# The plane of a picture: two latent dimensions, counted from 1 as people do.
X_DIMENSION: Final = whole_number("x", 1, 1, LATENT_DIM_LIMIT)
Y_DIMENSION: Final = whole_number("y", 2, 1, LATENT_DIM_LIMIT)
AXES: Final = one_of("axes", ["dimensions", PRINCIPAL])
# Manifold.
QUANTILES: Final = numbers(
    "range",
    (0.05, 0.95),
    0.001,
    0.999,
    {2},
    "two rising numbers from 0.001 to 0.999 with a comma between them",
    rising=True,
)
GRID_SIZE: Final = whole_number("size", 15, 2, LARGEST_GRID)
OTHERS: Final = one_of("others", ["zero", "chosen", "pinned"])
CODE: Final = numbers(
    "code",
    (),
    -Z_LIMIT,
    Z_LIMIT,
    range(1, LATENT_DIM_LIMIT + 1),
    f"a number from -{Z_LIMIT:g} to {Z_LIMIT:g} for each latent dimension, with commas between them",
)
PLACE: Final = numbers(
    "z", (), -Z_LIMIT, Z_LIMIT, {1, 2}, f"one or two numbers from -{Z_LIMIT:g} to {Z_LIMIT:g} with a comma between them"
)
# Why condition?
PAIR: Final = one_name("pair")
PAIR_EPOCH: Final = optional_whole_number("pair_epoch", LARGEST, "newest", always=True)
# Style transfer.
SOURCE: Final = one_of("source", ["sevens", "label", "picked", "pinned", "drawn", "uploaded"])
SOURCE_LABEL: Final = whole_number("of", 7, 0, LARGEST)
SOURCES_LIMIT: Final = 20
SOURCE_COUNT: Final = whole_number("sources", 10, 1, SOURCES_LIMIT)
PICKED: Final = numbers(
    "picked",
    (),
    0,
    LARGEST,
    range(1, SOURCES_LIMIT + 1),
    f"up to {SOURCES_LIMIT} indices of test images with commas between them",
)
INVERT: Final = one_of("invert", ["no", "yes"])
# Samples and reconstructions.
SEED: Final = whole_number("seed", 0, 0, SEED_LIMIT)
COLUMNS: Final = whole_number("columns", 10, 1, COLUMNS_LIMIT)
TEMPERATURE: Final = number("temperature", 1.0, 0.0, 3.0)
ORDER: Final = one_of("order", ["first", "worst"])
RANKED: Final = optional_whole_number("ranked", LARGEST, "shown")
COUNT: Final = whole_number("count", 20, 1, RECONSTRUCTIONS_LIMIT)

SHARED: Final[tuple[Parameter, ...]] = (EPOCH, LABEL, PIN)  # type: ignore[type-arg]
LATENT: Final = (*SHARED, AXES, X_DIMENSION, Y_DIMENSION)
MANIFOLD: Final = (*SHARED, X_DIMENSION, Y_DIMENSION, QUANTILES, GRID_SIZE, OTHERS, CODE, PLACE)
SAMPLES: Final = (*SHARED, SEED, COLUMNS, TEMPERATURE, ORDER, RANKED, COUNT)
PAIRS: Final = (PAIR, PAIR_EPOCH)
STYLE: Final = (*SHARED, SOURCE, SOURCE_LABEL, SOURCE_COUNT, PICKED, INVERT)
