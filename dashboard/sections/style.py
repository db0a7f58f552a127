"""Evaluation of a snapshot on request, in a process of its own: does style transfer keep the style? How accurate?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cvae_core.analysis.style import FirstImages, StyleView, TestImage
from cvae_core.evaluation.report import SOURCES, Evaluation
from cvae_core.evaluation.task import MODULE, request
from cvae_core.records import Bytes, Split
from cvae_core.tasks import Task
from dashboard.cache import networks, run_data
from dashboard.components.image_picker import image_picker
from dashboard.components.latent_sliders import code_studio
from dashboard.components.tiles import TilePicture, tile_film
from dashboard.figures.training import CONFIG, style_heat_map
from dashboard.sections.user_image import Sources, drawn_source, uploaded_source
from dashboard.shared.export_animation import film_export
from dashboard.shared.pinned_image import pin_choice
from dashboard.shared.snapshot_page import PageContext, shown_epoch, timeline
from dashboard.shared.tasks import collect, start_task, task_progress
from dashboard.shared.url_widgets import option_choice, slider_choice, switch_choice, whole_number_choice
from dashboard.url_state.parameters import INVERT, PICKED, PIN, SOURCE, SOURCE_COUNT, SOURCE_LABEL, SOURCES_LIMIT
from dashboard.url_state.session import set_value, value_of

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
    task = start_task(MODULE, request(scene.run, epoch))
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


TUTORIAL_LABEL: Final = 7
TUTORIAL_COUNT: Final = 10
_WORDS: Final = {
    "sevens": "Ten sevens",
    "label": "A label",
    "picked": "Gallery",
    "pinned": "Pinned image",
    "drawn": "Draw",
    "uploaded": "Upload",
}
_GALLERY: Final = 200
_GALLERY_KEY: Final = "style_gallery"
_SEEN: Final = "seen_picks"


def sources_choice(scene: PageContext) -> None:
    """Draw the widgets."""
    kind = option_choice(
        SOURCE,
        "Sources",
        _WORDS,
        "The first ten sevens of the training set, as in the tutorial; the first training images of any label; test "
        "images that you pick; the pinned one; what you draw; or a picture of yours.",
    )
    if kind == "label":
        last = len(scene.data.class_names) - 1
        whole_number_choice(SOURCE_LABEL, "Of label", "Use the first training images of this label.", most=last)
        slider_choice(SOURCE_COUNT, "How many", 1, "How many of them.")
    elif kind == "pinned":
        pin_choice(scene.data)


def chosen_sources(scene: PageContext, epoch: int) -> Sources | None:
    """The sources; None, and a word on what to do, where there are none.

    Args:
        scene: The run.
        epoch: Whose network looks at a digit that has no label yet.

    Raises:
        DataError: The data set is not on this machine, or an uploaded picture holds no digit.
        RunError: The snapshot of the epoch is missing or damaged.
    """
    kind = value_of(SOURCE)
    if kind in ("drawn", "uploaded"):
        network = networks.network(scene.key, epoch)
        return (drawn_source if kind == "drawn" else uploaded_source)(scene, network, epoch)
    if kind in ("pinned", "picked"):
        return _pinned() if kind == "pinned" else _picked(scene)
    label, count = value_of(SOURCE_LABEL), value_of(SOURCE_COUNT)
    if kind == "sevens":
        label, count = min(TUTORIAL_LABEL, len(scene.data.class_names) - 1), TUTORIAL_COUNT
    split = run_data.first_training_images(scene.config.data, label, count)
    if not len(split):
        st.info(f"The training set has no image of {scene.data.class_names[label]}. Choose another label.")
        return None
    words = f"the first {len(split)} training images of {scene.data.class_names[label]}"
    return Sources((FirstImages(label=label, count=len(split)),), words)


def _picked(scene: PageContext) -> Sources | None:
    """Test images picked from a gallery."""
    shown = scene.data.test.first(_GALLERY)
    kept: tuple[float, ...] = value_of(PICKED)
    before = tuple(map(int, kept))
    reported = image_picker(
        _GALLERY_KEY,
        shown.images,
        np.arange(len(shown)),
        shown.labels,
        before,
        scene.data.class_names,
        SOURCES_LIMIT,
    )
    if reported is not None and reported != st.session_state.get(_SEEN):
        set_value(PICKED, tuple(map(float, reported)))
        before = reported
    st.session_state[_SEEN] = reported
    if not before:
        st.info("Pick up to twenty digits above; their styles are transferred in the order in which you pick them.")
        return None
    return Sources(tuple(TestImage(index=index) for index in before), f"{len(before)} picked test images")


def _pinned() -> Sources | None:
    index = value_of(PIN)
    if index is None:
        st.info("No image is pinned. Give the index of a test image above, or click a point in the latent space.")
        return None
    return Sources((TestImage(index=index),), f"test image {index:,}")


_NONE: Final = -1


def studio_view(scene: PageContext, sources: Split, epoch: int) -> None:
    """Let the person move the code of a source, or go from one source to another.

    Args:
        scene: The run.
        sources: Whose codes.
        epoch: Whose network encodes and decodes.

    Raises:
        RunError: The epoch's snapshot is missing or damaged.
        ConfigError: The network has no posterior.
    """
    opened = st.toggle(
        "One style, number by number",
        key="studio_opened",
        help="Move each number of a code and see what it does to every digit, or go from one style to another.",
    )
    if not opened:
        return
    st.caption(
        "Move a number of the code and see what it does to every digit: slant, weight, width, ... Or choose a second "
        f"source, and go from one style to the other. Encoded and decoded by the network of epoch {epoch:,}."
    )
    split, names = _candidates(scene, sources)
    chosen = _chosen_sources(len(sources), names)
    network = networks.network(scene.key, epoch)
    codes, _ = network.encode(split.images[chosen], split.labels[chosen])
    labels = [int(label) for label in split.labels[chosen]]
    shown = [names[index] for index in chosen]
    inverted = value_of(INVERT) == "yes"
    class_names = scene.data.class_names
    code_studio("code_studio", network, codes, labels, shown, class_names, invert=inverted, epoch=epoch)


def _candidates(scene: PageContext, sources: Split) -> tuple[Split, list[str]]:
    """The sources and what they are called; to a single one come those that it can be blended with."""
    names = scene.data.class_names
    own = [f"{names[label]}, column {index + 1}" for index, label in enumerate(sources.labels)]
    if len(own) > 1:
        return sources, own
    others = [run_data.first_training_images(scene.config.data, label, 1) for label in range(len(names))]
    parts = [sources, *others]
    split = Split(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))
    return split, own + [f"{names[label]} of the training set" for label in split.labels[1:]]


def _chosen_sources(count: int, names: Sequence[str]) -> list[int]:
    """One of the sources, and what it is blended with if anything is."""
    with st.container(horizontal=True):
        first = 0
        if count > 1:
            first = st.selectbox(
                "Source",
                range(count),
                format_func=names.__getitem__,
                width=160,
                help="Whose code is moved.",
            )
        second = st.selectbox(
            "Blend with",
            [_NONE, *range(len(names))],
            format_func=lambda index: "Nothing" if index < 0 else names[index],
            width=220,
            help="Go from the first source to this one, for every label.",
        )
    return [first] if second in (_NONE, first) else [first, second]


_KEY: Final = "style_film"
_FILM: Final = "The figure above, from the first snapshot to the last, with its epoch in the caption; 100 ms a frame."


def style_view(scene: PageContext, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and below them the film and the measure."""
    with row:
        sources_choice(scene)
        inverted = switch_choice(INVERT, "Invert", "Dark ink on light paper, as in the tutorial's figure.")
    epoch = shown_epoch(scene, _KEY)
    sources = chosen_sources(scene, epoch)
    if sources is None:
        return
    view = StyleView(sources=sources.shown, invert=inverted)
    split = view.images(run_data.data_for(scene.config.data, view.training_images))

    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        return {"style": networks.record(scene.key, epoch, view).with_originals()}

    tile_film(_KEY, timeline(scene, _KEY, view), [_picture(scene, sources, len(split), inverted)], frame_of)
    studio_view(scene, split, epoch)
    film_export(scene, [view], _FILM)
    if scene.config.model.conditional:
        evaluation_view(scene, epoch)


def _picture(scene: PageContext, sources: Sources, count: int, inverted: bool) -> TilePicture:
    return TilePicture(
        name="style",
        title=f"Style of {sources.words}",
        description=f"{count} images, each redrawn under every label in its own style.",
        caption="A column is one source, a row one label. In the row of a source's own label stands the source itself.",
        row_labels=scene.data.class_names,
        file_name="style.png",
        gap=2,
        max_tile=56,
        invert=inverted,
    )
