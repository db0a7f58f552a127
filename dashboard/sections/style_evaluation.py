"""Evaluation of a snapshot on request, in a process of its own: does style transfer keep the style? How accurate?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from cvae_core.evaluation.report import SOURCES, Evaluation
from cvae_core.evaluation.task import MODULE, order
from cvae_core.tasks import Task
from dashboard.cache import run_data
from dashboard.figures.finished import CONFIG, style_heat_map
from dashboard.shared.snapshot_page import PageContext
from dashboard.shared.task_progress import collect, start_task, task_progress

_UNDER_WAY: Final = "evaluation"
_What = tuple[run_data.RunKey, int]


@dataclass(frozen=True)
class _Running:
    """The evaluation that runs for this session."""

    what: _What
    task: Task


def evaluation_view(scene: PageContext, epoch: int) -> None:
    """Offer an evaluation, and show its result.

    Args:
        scene: The run; its network has a condition on labels.
        epoch: The epoch of the network.
    """
    st.subheader("Is the style really kept?")
    st.caption(
        f"Slant and thickness of {SOURCES} test images, measured before and after (Morpho-MNIST, Castro et al. 2019): "
        "if the style is kept, both agree for every label. Also the accuracy of the label with the highest ELBO, over "
        "all test images."
    )
    _panel(scene, epoch)


def _panel(scene: PageContext, epoch: int) -> None:
    collect(_UNDER_WAY, _keep)
    found = _results()
    evaluated = found.get((scene.key, epoch))
    if evaluated is not None:
        _show(scene, epoch, evaluated)
    _progress_or_button(scene, epoch, is_evaluated=evaluated is not None)
    for (key, at), other in sorted(found.items()):
        if key == scene.key and at != epoch:
            st.caption(f"Epoch {at:,}: {other.style.sentence()}; accuracy {other.accuracy:.1%}.")


@st.cache_resource(show_spinner=False)
def _results() -> dict[_What, Evaluation]:
    """All results since the server started; some kilobytes each."""
    return {}


def _keep(running: _Running, report: dict[str, Any]) -> None:
    _results()[running.what] = Evaluation.from_json(report)


def _progress_or_button(scene: PageContext, epoch: int, *, is_evaluated: bool) -> None:
    running: _Running | None = st.session_state.get(_UNDER_WAY)
    if running is not None:
        run_key, at = running.what
        whose = "" if run_key == scene.key else " of another run"
        task_progress(running.task, f"Measuring epoch {at:,}{whose}", _UNDER_WAY)
    elif not is_evaluated:
        st.button(
            f"Measure at epoch {epoch:,}",
            icon=":material/straighten:",
            on_click=_begin,
            args=(scene, epoch),
            help="You can use the page meanwhile. The result is kept until the server ends.",
        )


def _begin(scene: PageContext, epoch: int) -> None:
    if _UNDER_WAY in st.session_state:
        return
    task = start_task(MODULE, order(scene.run, epoch))
    if task is not None:
        st.session_state[_UNDER_WAY] = _Running((scene.key, epoch), task)


def _show(scene: PageContext, epoch: int, found: Evaluation) -> None:
    style = found.style
    sentence = style.sentence()
    st.markdown(f"**{sentence[0].upper()}{sentence[1:]}.**")
    st.caption(
        f"Measured at epoch {epoch:,}. Medians over all pairs of different labels. Control, with the "
        f"codes of each label shuffled: {style.shuffled_slant:.2f} and {style.shuffled_thickness:.2f}.".replace(
            "-", "−"
        )
    )
    for column, (title, table) in zip(
        st.columns(2), (("Slant", style.slant), ("Thickness", style.thickness)), strict=True
    ):
        figure = style_heat_map(table, scene.data.class_names, title)
        column.plotly_chart(figure, key=f"kept_{title}", width="stretch", config=CONFIG)
    st.markdown(f"**{found.accuracy_sentence()}.**")
