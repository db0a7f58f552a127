"""What all charts share: the palette, sizes, and how a dimension or a number is written.

The page's own theme gives charts their font and colours, in light and dark, so that they are set in one place only:
``.streamlit/config.toml``. The palettes below are the same ones, for pictures drawn outside a page.
"""

from __future__ import annotations

from typing import Any, Final

import altair as alt

# Ten colours for labels and series, found by search: between any two, also as seen with protanopia, deuteranopia or
# tritanopia (Machado et al. 2009), the Oklab distance is at least 0.10; dark and light share their hues.
LIGHT_PALETTE: Final = (
    "#12637d",
    "#e4693a",
    "#30d2ad",
    "#341d9a",
    "#ebb210",
    "#71032e",
    "#9554d1",
    "#815205",
    "#7992a0",
    "#c396ff",
)
DARK_PALETTE: Final = (
    "#5d869f",
    "#f7943a",
    "#51f7be",
    "#6d4daf",
    "#f1db4c",
    "#9a404e",
    "#a082f1",
    "#9d7807",
    "#78baa0",
    "#c3befe",
)
CHART_HEIGHT: Final = 240
NATS: Final = "nats per image"
MAX_POINTS: Final = 600
COLLAPSED_BELOW_NATS: Final = 0.01
# Readable on light and dark; Vega's own colour for subtitles does not follow the page's theme.
_QUIET_GREY: Final = "#7a858c"


def dimension_name(dimension: int) -> str:
    """What people call a latent dimension: z1 is the first.

    Args:
        dimension: Counted from 0.
    """
    return f"z{dimension + 1}"


def chart_title(text: str) -> alt.TitleParams:
    """A chart's title, in the size of the other pictures' titles, and close to its chart.

    Args:
        text: What the chart shows; its unit follows below it.
    """
    return alt.TitleParams(
        text,
        subtitle=NATS,
        anchor="start",
        offset=10,
        fontSize=15,
        fontWeight=600,
        subtitleColor=_QUIET_GREY,
        subtitleFontSize=12,
        subtitlePadding=2,
        subtitleFontWeight="normal",
    )


def epoch_axis(field: str) -> alt.X:
    """Epochs along the bottom: whole numbers, no grid.

    Args:
        field: The column that holds them.
    """
    axis = alt.Axis(
        format="d", tickMinStep=1, tickCount=6, grid=False, titlePadding=4, labelPadding=4, labelFlush=False
    )
    return alt.X(f"{field}:Q", title="epoch", axis=axis, scale=alt.Scale(nice=False))


def nats_axis(field: str, **scale: Any) -> alt.Y:
    """Nats along the left; the unit stands under the chart's title.

    Args:
        field: The column that holds them.
        scale: Settings of its scale.
    """
    axis = alt.Axis(tickCount=5, labelPadding=6)
    return alt.Y(f"{field}:Q", title=None, axis=axis, scale=alt.Scale(**scale))


def line_legend(columns: int = 0) -> alt.Legend:
    """A legend of lines below the chart, where no curve can run into it.

    Args:
        columns: Entries in a row; 0 for all.
    """
    return alt.Legend(
        orient="bottom",
        direction="horizontal",
        columns=columns,
        symbolType="stroke",
        symbolStrokeWidth=3,
        offset=6,
        labelFontSize=12,
        labelOffset=3,
        symbolSize=70,
        columnPadding=8,
        rowPadding=2,
        padding=0,
    )
