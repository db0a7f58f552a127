"""Style transfer at every epoch: its sources, its pictures, sliders for one code, and its evaluation."""

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
from dashboard.components.latent_sliders import latent_sliders
from dashboard.components.tiles import TilePicture, tile_player
from dashboard.figures.training import CONFIG, style_heat_map
from dashboard.sections.user_image import Sources, drawn_source, uploaded_source
from dashboard.shared.export_animation import animation_export
from dashboard.shared.pinned_image import pin_choice
from dashboard.shared.snapshot_page import PageContext, shown_epoch, timeline
from dashboard.shared.tasks import collect, start_or_notify, task_progress
from dashboard.shared.url_widgets import option_choice, slider_choice, switch_choice, whole_number_choice
from dashboard.url_state.parameters import INVERT, PICKED, PIN, SOURCE, SOURCE_COUNT, SOURCE_LABEL, SOURCES_LIMIT
from dashboard.url_state.session import set_value, value_of

_TUTORIAL_LABEL: Final = 7
_TUTORIAL_COUNT: Final = 10
_KEY: Final = "style_player"
_EVALUATION: Final = "evaluation"
_SEEN_PICKS: Final = "seen_picks"
_GALLERY: Final = 200
_NONE: Final = -1
_SOURCES: Final = {
    "sevens": "Ten sevens",
    "label": "A label",
    "picked": "Gallery",
    "pinned": "Pinned image",
    "drawn": "Draw",
    "uploaded": "Upload",
}
_ANIMATION: Final = "The figure above at each snapshot, with its epoch in the caption; 100 ms a frame."


def style_view(context: PageContext, row: DeltaGenerator) -> None:
    """Draw the settings into the row, and below them the player, the sliders and the evaluation."""
    with row:
        _source_settings(context)
        inverted = switch_choice(INVERT, "Invert", "Dark ink on light paper, as in the tutorial's figure.")
    epoch = shown_epoch(context, _KEY)
    sources = _chosen_sources(context, epoch)
    if sources is None:
        return
    view = StyleView(sources=sources.shown, invert=inverted)
    split = view.images(run_data.data_for(context.config.data, view.training_images))

    def frame_of(epoch: int) -> Mapping[str, Bytes]:
        return {"style": networks.record(context.key, epoch, view).with_originals()}

    picture = TilePicture(
        name="style",
        title=f"Style of {sources.words}",
        description=f"{len(split)} images, each redrawn as every label in its own style.",
        caption="A column is one source, a row one label. The row of a source's own label shows the source itself.",
        row_labels=context.data.class_names,
        file_name="style.png",
        gap=2,
        max_tile=56,
        invert=inverted,
    )
    tile_player(_KEY, timeline(context, _KEY, view), [picture], frame_of)
    _sliders(context, split, epoch, inverted)
    animation_export(context, [view], _ANIMATION)
    if context.config.model.conditional:
        _evaluation(context, epoch)


def _source_settings(context: PageContext) -> None:
    kind = option_choice(
        SOURCE,
        "Sources",
        _SOURCES,
        "Ten sevens: the first sevens of the training set, as in the tutorial. A label: its first training images. "
        "Gallery: test images that you choose. Pinned image: the pinned test image. Draw, Upload: your own digit.",
    )
    if kind == "label":
        last = len(context.data.class_names) - 1
        whole_number_choice(SOURCE_LABEL, "Of label", "Use the first training images of this label.", most=last)
        slider_choice(SOURCE_COUNT, "How many", 1, "Number of training images.")
    elif kind == "pinned":
        pin_choice(context.data)


def _chosen_sources(context: PageContext, epoch: int) -> Sources | None:
    """The sources; None, and advice on the page, if there are none. The network of the epoch classifies own images."""
    kind = value_of(SOURCE)
    if kind in ("drawn", "uploaded"):
        network = networks.network(context.key, epoch)
        return (drawn_source if kind == "drawn" else uploaded_source)(context, network, epoch)
    if kind == "picked":
        return _picked(context)
    if kind == "pinned":
        index = value_of(PIN)
        if index is None:
            st.info("No image is pinned. Enter the index of a test image above, or click a point in the latent space.")
            return None
        return Sources((TestImage(index=index),), f"test image {index:,}")
    label, count = value_of(SOURCE_LABEL), value_of(SOURCE_COUNT)
    if kind == "sevens":
        label, count = min(_TUTORIAL_LABEL, len(context.data.class_names) - 1), _TUTORIAL_COUNT
    found = len(run_data.first_training_images(context.config.data, label, count))
    name = context.data.class_names[label]
    if not found:
        st.info(f"The training set has no image of {name}. Choose another label.")
        return None
    return Sources((FirstImages(label=label, count=found),), f"the first {found} training images of {name}")


def _picked(context: PageContext) -> Sources | None:
    """Test images chosen in a gallery."""
    shown = context.data.test.first(_GALLERY)
    kept: tuple[float, ...] = value_of(PICKED)
    picked = tuple(map(int, kept))
    names = context.data.class_names
    reported = image_picker(
        "style_gallery", shown.images, np.arange(len(shown)), shown.labels, picked, names, SOURCES_LIMIT
    )
    if reported is not None and reported != st.session_state.get(_SEEN_PICKS):
        set_value(PICKED, tuple(map(float, reported)))
        picked = reported
    st.session_state[_SEEN_PICKS] = reported
    if not picked:
        st.info(f"Click up to {SOURCES_LIMIT} images above. The columns follow the order of your clicks.")
        return None
    return Sources(tuple(TestImage(index=index) for index in picked), f"{len(picked)} chosen test images")


def _sliders(context: PageContext, sources: Split, epoch: int, inverted: bool) -> None:
    """Let the person move the code of a source, or blend two sources."""
    if not st.toggle(
        "Latent sliders",
        key="latent_sliders_shown",
        help="Change each latent dimension of a source and see every label, or blend two sources.",
    ):
        return
    st.caption(
        "Move a latent dimension and see how every label changes: slant, weight, width. Or choose a second source to "
        f"blend the two styles. Network of epoch {epoch:,}."
    )
    split, names = _candidates(context, sources)
    chosen = _chosen_columns(len(sources), names)
    network = networks.network(context.key, epoch)
    codes, _ = network.encode(split.images[chosen], split.labels[chosen])
    labels = [int(label) for label in split.labels[chosen]]
    shown = [names[index] for index in chosen]
    class_names = context.data.class_names
    latent_sliders("latent_sliders", network, codes, labels, shown, class_names, invert=inverted, epoch=epoch)


def _candidates(context: PageContext, sources: Split) -> tuple[Split, list[str]]:
    """The sources and their names; a single source is followed by a training image of each label to blend it with."""
    names = context.data.class_names
    own = [f"{names[label]}, column {index + 1}" for index, label in enumerate(sources.labels)]
    if len(own) > 1:
        return sources, own
    others = [run_data.first_training_images(context.config.data, label, 1) for label in range(len(names))]
    parts = [sources, *others]
    split = Split(np.concatenate([part.images for part in parts]), np.concatenate([part.labels for part in parts]))
    return split, own + [f"{names[label]} of the training set" for label in split.labels[1:]]


def _chosen_columns(count: int, names: Sequence[str]) -> list[int]:
    """The index of one source, and of another one to blend it with if one is chosen."""
    with st.container(horizontal=True):
        first = 0
        if count > 1:
            first = st.selectbox(
                "Source",
                range(count),
                format_func=names.__getitem__,
                width=160,
                help="The image whose code you change.",
            )
        second = st.selectbox(
            "Blend with",
            [_NONE, *range(len(names))],
            format_func=lambda index: "Nothing" if index < 0 else names[index],
            width=220,
            help="Interpolate between the codes of both images, for every label.",
        )
    return [first] if second in (_NONE, first) else [first, second]


_Snapshot = tuple[run_data.RunKey, int]


@dataclass(frozen=True)
class _Running:
    """The evaluation that runs for this session."""

    snapshot: _Snapshot
    task: Task


@st.cache_resource(show_spinner=False)
def _results() -> dict[_Snapshot, Evaluation]:
    """All results since the server started; some kilobytes each."""
    return {}


def _keep(running: _Running, report: dict[str, Any]) -> None:
    _results()[running.snapshot] = Evaluation.from_json(report)


def _evaluation(context: PageContext, epoch: int) -> None:
    """Offer an evaluation of a snapshot in a process of its own, and show its result."""
    st.subheader("Evaluation: does the style stay the same?")
    st.caption(
        f"Slant and thickness of {SOURCES} test images, before and after style transfer (Morpho-MNIST, Castro et al. "
        "2019): if the style stays the same, they correlate for every label. Also the accuracy on all test images, "
        "classified by the highest ELBO."
    )
    collect(_EVALUATION, _keep)
    found = _results()
    result = found.get((context.key, epoch))
    running: _Running | None = st.session_state.get(_EVALUATION)
    if result is not None:
        _show_evaluation(context, epoch, result)
    if running is not None:
        run_key, at = running.snapshot
        which = "" if run_key == context.key else " of another run"
        task_progress(running.task, f"Evaluating epoch {at:,}{which}", _EVALUATION)
    elif result is None:
        st.button(
            f"Evaluate epoch {epoch:,}",
            icon=":material/straighten:",
            on_click=_start_evaluation,
            args=(context, epoch),
            help="You can go on using the page. The result is kept until the server stops.",
        )
    for (key, at), other in sorted(found.items()):
        if key == context.key and at != epoch:
            st.caption(f"Epoch {at:,}: {other.style.sentence()}; accuracy {other.accuracy:.1%}.")


def _start_evaluation(context: PageContext, epoch: int) -> None:
    if _EVALUATION in st.session_state:
        return
    task = start_or_notify(MODULE, request(context.run, epoch))
    if task is not None:
        st.session_state[_EVALUATION] = _Running((context.key, epoch), task)


def _show_evaluation(context: PageContext, epoch: int, found: Evaluation) -> None:
    style = found.style
    sentence = style.sentence()
    st.markdown(f"**{sentence[0].upper()}{sentence[1:]}.**")
    control = f"{style.shuffled_slant:.2f} and {style.shuffled_thickness:.2f}".replace("-", "−")
    st.caption(
        f"Epoch {epoch:,}; medians over all pairs of different labels. Control, with the codes of each label "
        f"shuffled: {control}."
    )
    tables = (("Slant", style.slant), ("Thickness", style.thickness))
    for column, (title, table) in zip(st.columns(2), tables, strict=True):
        figure = style_heat_map(table, context.data.class_names, title)
        column.plotly_chart(figure, key=f"kept_{title}", width="stretch", config=CONFIG)
    st.markdown(f"**{found.accuracy_sentence()}.**")
