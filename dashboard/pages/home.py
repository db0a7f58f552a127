"""Home: an introduction, the runs, and links to the other pages."""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

import cvae_core
from cvae_core.remaining_time import time_left
from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import Overview, overviews, size_words
from dashboard.cache import run_data
from dashboard.components.page_elements import auto_refresh, cvae_diagram
from dashboard.sections.archives import run_import
from dashboard.shared import actions
from dashboard.shared.run_progress import note_drawn, watch_ended
from dashboard.shared.session_state import without_links
from dashboard.shared.widgets import EPOCH_PAGES, STATE_WIDTH, page_title, plain, show_errors, state_badge
from dashboard.streamlit_patches.pages import require_registry

_SHOWN_RUNS = 12
_PAGES = {
    "latent": "The codes of test digits, and how much each latent dimension is used.",
    "manifold": "Digits decoded from a plane of codes. Move the mouse to see every label at that point.",
    "samples": "Digits decoded from random codes, and test digits with their reconstructions.",
    "style": "A digit, or your own drawing, redrawn as every other digit in the same style.",
}
_POLL_SECONDS = 2.0


def introduction() -> None:
    """What a CVAE is."""
    words, picture = st.columns([5, 6], gap="large", vertical_alignment="center")
    with words:
        page_title("The CVAE laboratory")
        st.markdown(
            "A **conditional variational autoencoder** learns to encode an image as a few numbers, the *latent code*, "
            "and to decode the image from them. Encoder and decoder also get the label, so the code does not have to "
            "contain *which* digit it is. It contains the *style*: slant, weight, width. Any code can be decoded as "
            "any digit."
        )
        if not actions.is_read_only():
            if st.button("Train a model", type="primary", icon=":material/play_arrow:", help="Set up a run."):
                st.switch_page("pages/train.py")
            st.caption("Start with the preset **quick**: 60,000 digits in about half a minute on two cores.")
        st.page_link(
            "pages/why.py",
            label="Why condition on labels?",
            icon=":material/call_split:",
            help="Compare models with and without labels on two curves.",
        )
    with picture:
        cvae_diagram()


def runs_panel(found: list[Overview]) -> None:
    """The newest runs."""
    if not found:
        with st.container(border=True):
            advice = "Choose *Train a model* above, keep the preset *quick*, and press *Train*."
            st.markdown("**No run yet.** " + ("" if actions.is_read_only() else advice))
        return
    for item in found[:_SHOWN_RUNS]:
        run_row(item)
    if len(found) > _SHOWN_RUNS:
        st.caption(f"And {len(found) - _SHOWN_RUNS} older runs. The Train page lists all of them.")


def run_row(item: Overview) -> None:
    """One run: a link, its state, how far it got."""
    with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"row_{item.run.id}"):
        st.page_link(
            "pages/train.py",
            label=plain(item.title),
            query_params={"run": item.run.id},
            help=plain(item.about.note) or "Open this run.",
            width="stretch",
        )
        with st.container(horizontal=True, vertical_alignment="center", width="content"):
            st.caption(" · ".join(facts(item)), width="content")
            with st.container(width=STATE_WIDTH):
                state_badge(item.state)


def facts(item: Overview) -> Iterator[str]:
    """Short facts about a run, beside its title."""
    if item.about.name:
        yield plain(item.run.id)
    if item.about_problem:
        yield "name and note cannot be read"
    if item.damage:
        yield without_links(item.damage)
    yield progress_words(item)
    yield size_words(run_data.run_bytes(item.run))


def progress_words(item: Overview) -> str:
    """How far a run got, in a few words."""
    if item.status is None:
        return without_links(item.problem)
    words = f"epoch {item.status.epoch:,} of {item.status.epochs:,}"
    return ", ".join(
        filter(None, (words, time_left(item.status.remaining_seconds if item.state == "running" else None)))
    )


@show_errors()
def live_runs() -> None:
    """The list of runs, refreshed while one is alive; otherwise a standby worker is kept for the next."""
    found = overviews(run_data.folder())
    with show_errors():
        runs_panel(found)
    note_drawn(found)
    if any(item.state in ALIVE for item in found):
        auto_refresh("home_refresh", _POLL_SECONDS)
    else:
        actions.keep_spare_worker()


def exploration() -> None:
    """A card for each page over snapshots."""
    st.subheader("Look at every epoch")
    st.caption(
        "An epoch is one pass through all training images. The model is saved after each of the first epochs, then less"
        " often. These pages show every saved epoch."
    )
    for column, (page, words) in zip(st.columns(len(_PAGES)), _PAGES.items(), strict=True):
        with column.container(border=True, height="stretch"):
            st.page_link(f"pages/{page}.py", icon=EPOCH_PAGES[page], help=words)
            st.caption(words)


require_registry()
introduction()
st.subheader("Runs")
st.fragment(live_runs)()
run_import()
exploration()
st.caption(f"CVAE laboratory {cvae_core.__version__}")
watch_ended()
