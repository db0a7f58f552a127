"""A run on the Train page: its state and buttons, its progress and losses, its newest pictures, its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, Literal

import pandas as pd
import streamlit as st
from plotly.graph_objects import Figure

from cvae_core.analysis.generation import ManifoldView
from cvae_core.analysis.latent import LatentView
from cvae_core.analysis.reconstruction import OneOfEachLabelView
from cvae_core.data import class_names_of, dataset_title
from cvae_core.errors import CvaeError
from cvae_core.metrics import LOSS_METRICS, metric_title
from cvae_core.runs.metrics import History
from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import snapshot_epochs
from cvae_core.runs.status import ALIVE, RESUMABLE
from cvae_core.runs.summary import Overview, overview
from dashboard.cache import networks, run_data
from dashboard.components.latent_player import latent_scatter
from dashboard.components.page_elements import auto_refresh
from dashboard.components.tiles import ImageTiles, image_grid, manifold_tiles, reconstruction_tiles
from dashboard.figures import training as charts
from dashboard.figures.training import bar_table, kl_points, loss_points
from dashboard.sections import manage_runs
from dashboard.sections.archives import run_export
from dashboard.shared import actions, session_state, url_widgets
from dashboard.shared.run_progress import note_drawn, progress_bar, progress_view, watch_ended
from dashboard.shared.session_state import without_links
from dashboard.shared.widgets import EPOCH_PAGES, STATE_WIDTH, attempt, plain, show_errors, show_message, state_badge
from dashboard.url_state.parameters import LABEL
from dashboard.url_state.session import fit_label, read_address, write_address

# Fixed, so that the next button does not move when the label changes.
_PAUSE_WIDTH: Final = 116
_NO_MESSAGE: Final = (
    "Training ended without a message: it was killed, ran out of memory, or the machine was switched off. See "
    "`worker.log` in the run's folder."
)


def run_header(item: Overview) -> None:
    """Draw the name, the state, the buttons and any error."""
    if item.about.name:
        st.subheader(plain(item.about.name))
    with st.container(horizontal=True, vertical_alignment="center", key="run_header"):
        with st.container(width=STATE_WIDTH):
            state_badge(item.state)
        if not actions.is_read_only():
            _buttons(item)
    if item.about.note:
        st.caption("  \n".join(map(plain, item.about.note.splitlines())))
    if item.about_problem:
        st.warning(without_links(item.about_problem), icon=":material/edit_off:")
    if item.damage:
        st.warning(without_links(item.damage), icon=":material/broken_image:")
    show_message()
    _explanation(item)


def _explanation(item: Overview) -> None:
    """The reason for the state, where it is not obvious."""
    if item.state in ("failed", "broken"):
        st.error(without_links(f"{item.problem} {item.advice}"), icon=":material/error:")
    elif item.state == "interrupted":
        why = without_links(f"{item.problem} {item.advice}") if item.problem else _NO_MESSAGE
        st.warning(
            f"{why} All saved results are kept"
            + ("." if actions.is_read_only() else ". **Resume** continues from the newest checkpoint."),
            icon=":material/power_off:",
        )
    elif item.state == "queued":
        others = " and ".join(f"**{plain(title)}**" for title in item.ahead)
        st.info(
            f"Waiting for {others}. This run starts automatically.",
            icon=":material/hourglass_empty:",
        )


def _buttons(item: Overview) -> None:
    run = item.run
    # Pause and Continue share a key: two buttons would both be visible for a moment and move Stop.
    if item.state in ("running", "starting", "queued"):
        words = "Pause until you continue. Another run may train meanwhile."
        _button("Pause", "pause", words, actions.pause, f"pause_{run.id}", run, _PAUSE_WIDTH)
    if item.state == "paused":
        words = "Continue training."
        _button("Continue", "play_arrow", words, actions.unpause, f"pause_{run.id}", run, _PAUSE_WIDTH)
    if item.state in ALIVE:
        words = "Stop after the current step and keep what was learnt. You can resume the run later."
        _button("Stop", "stop", words, actions.stop, f"stop_{run.id}", run)
    if item.state in RESUMABLE:
        _button("Resume", "resume", "Continue from the newest checkpoint.", actions.resume, f"resume_{run.id}", run)
    manage_runs.edit_about(item)
    if item.state not in ALIVE:
        _tidying(item)


def _tidying(item: Overview) -> None:
    """Buttons for a run that is not being trained."""
    if len(snapshot_epochs(item.run.snapshots_folder)) > manage_runs.FEWEST and st.button(
        "Thin out", icon=":material/filter_list:", help="Delete some snapshots to free disk space."
    ):
        manage_runs.thin_out(item)
    if st.button(
        "Delete", icon=":material/delete:", help="Delete this run and all its snapshots. Asks for confirmation."
    ):
        manage_runs.confirm_deletion(item.title, item.run, lambda: session_state.select_run(None))


def _button(
    label: str,
    icon: str,
    explanation: str,
    act: Callable[..., None],
    key: str,
    run: Run,
    width: int | Literal["content"] = "content",
) -> None:
    st.button(
        label,
        icon=f":material/{icon}:",
        help=explanation,
        key=key,
        on_click=attempt,
        args=(act, run),
        width=width,
    )


def label_choice(item: Overview) -> int:
    """Choose a label of the run's data set; 0 if its configuration cannot be read."""
    st.subheader("What the model has learnt")
    try:
        names = class_names_of(run_data.run_config(run_data.run_key(item.run)))
    except CvaeError:
        return 0
    return url_widgets.label_choice(names, with_all=False) or 0


def snapshot_view(item: Overview, label: int) -> None:
    """Draw the pictures of the newest snapshot.

    Args:
        item: The run.
        label: Whose manifold and codes to show.
    """
    run = item.run
    epochs = snapshot_epochs(run.snapshots_folder)
    if not epochs:
        waits = item.state in ALIVE
        st.caption(
            "Pictures appear after the first snapshot." if waits else "This run ended before its first snapshot."
        )
        return
    key, epoch = run_data.run_key(run), epochs[-1]
    records = networks.RecordsAt(key, epoch)
    names = class_names_of(run_data.run_config(key))
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.caption(f"Snapshot of epoch {epoch:,}, the newest of {len(epochs)}." if epoch else "The untrained model.")
        with st.container(horizontal=True, width="content"):
            for page, icon in EPOCH_PAGES.items():
                words = "Show this for every epoch, with a slider."
                query = {"run": run.id}
                st.page_link(f"pages/{page}.py", icon=icon, query_params=query, width="content", help=words)
    image_grid(_named(reconstruction_tiles(records(OneOfEachLabelView()), names), epoch), key="reconstructions")
    left, right = st.columns(2, gap="medium")
    with left:
        image_grid(_named(manifold_tiles(records(ManifoldView(label=label)), names), epoch), key="manifold")
    with right:
        latent_scatter(
            records(LatentView(label=label)),
            key="latent",
            class_names=names,
            title=f"Codes of {names[label]}",
            file_name=f"latent_space_epoch_{epoch}.png",
        )


def _named(tiles: ImageTiles, epoch: int) -> ImageTiles:
    """Tiles whose file name contains the epoch."""
    return replace(tiles, file_name=tiles.file_name.replace(".png", f"_epoch_{epoch}.png"))


def loss_view(history: History, alive: bool) -> None:
    """Draw the loss curves and the KL of each latent dimension.

    Args:
        history: The records of the run.
        alive: Whether the run may go on. Then Altair charts are redrawn in place while their data grow; those of an
            ended run are Plotly charts with zoom.
    """
    if not history.steps and not history.epochs:
        st.caption("The curve begins with the first training steps.")
        return
    log = not alive and st.toggle("Logarithmic axis", key="log_losses", help="Of the losses and of the KL over epochs.")
    for column, (name, metric) in zip(st.columns(3, gap="medium"), LOSS_METRICS.items(), strict=True):
        points = loss_points(history.epochs, history.steps, metric)
        with column:
            if alive:
                _live(points, charts.loss_description(metric.title), f"loss_{name}")
            else:
                _finished(charts.loss_figure(points, metric.title, log=log), f"finished_loss_{name}")
    if not history.epochs:
        return
    newest = history.epochs[-1]
    for column, (name, value) in zip(st.columns(4), newest.extra.items(), strict=False):
        column.metric(metric_title(name), f"{value:.4g}", help="Added by a plug-in, after the newest epoch.")
    kl = newest.test.kl_per_dimension
    bars, points = bar_table(kl), kl_points(history.epochs)
    left, right = st.columns(2, gap="medium")
    with left:
        if alive:
            _live(bars, charts.kl_bars_description(len(kl)), "kl_now")
        else:
            _finished(charts.kl_bars_figure(bars), "finished_kl_now")
    with right:
        if alive:
            _live(points, charts.kl_over_epochs_description(len(kl)), "kl_over_epochs")
        else:
            _finished(charts.kl_over_epochs_figure(points, log=log), "finished_kl_over_epochs")


def _live(points: pd.DataFrame, description: dict[str, Any], key: str) -> None:
    st.vega_lite_chart(points, description, key=key, width="stretch")


def _finished(figure: Figure, key: str) -> None:
    st.plotly_chart(figure, key=key, width="stretch", config=charts.CONFIG)


_POLL_SECONDS: Final = 0.6


def run_view(item: Overview) -> None:
    """Draw all of a run."""
    st.fragment(_watched)(item.run, item.state in ALIVE)
    if item.config is not None:
        run_export(item.run)
    _settings(item)
    if item.state not in ALIVE:
        watch_ended()


def _watched(run: Run, was_alive: bool) -> None:
    """Everything that changes while a run is alive. The whole page is redrawn when it starts or ends."""
    now = overview(run)
    alive = now.state in ALIVE
    if alive != was_alive:
        st.rerun()
    note_drawn([now])
    run_header(now)
    if now.state == "broken":
        return
    if now.config is not None and now.config.learns_points:
        progress_bar(now)
        st.caption("This run learns the toy data set.")
        st.page_link("pages/why.py", label="Open it on the page “Why condition?”", icon=":material/call_split:")
    else:
        _images(run, now)
    if alive:
        auto_refresh("run_refresh", _POLL_SECONDS)


def _images(run: Run, now: Overview) -> None:
    with show_errors():
        progress_view(now)
        history, lost = run_data.history(run)
        if lost:
            st.warning(lost, icon=":material/broken_image:")
        loss_view(history, now.state in ALIVE)
    problems = read_address((LABEL,))
    if now.config is not None:
        problems += fit_label(class_names_of(now.config), dataset_title(now.config.data.dataset))
    for problem in session_state.keep_problems(problems):
        st.warning(problem, icon=":material/link_off:")
    label = label_choice(now)
    write_address((LABEL,))
    with show_errors():
        snapshot_view(now, label)


def _settings(item: Overview) -> None:
    """All settings of the run."""
    if item.config is None:
        return
    with st.expander("Settings of this run", icon=":material/tune:"):
        words = f"{dataset_title(item.config.data.dataset)}, preset {item.config.preset or 'none'}"
        st.caption(plain(words))
        sections = (item.config.data, item.config.model, item.config.train)
        values = {name: value for part in sections for name, value in part.model_dump().items()}
        st.dataframe(
            {"setting": list(values), "value": [_shown(value) for value in values.values()]},
            hide_index=True,
            width="stretch",
            height="content",
        )


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return "all" if value is None else str(value)
