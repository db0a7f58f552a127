"""The pages over a run's snapshots: dragged, played, grown under a training, and with parts missing."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from cvae_core.runs.run import Run
from cvae_core.runs.snapshots import WEIGHTS_FILE, publish_snapshot, snapshot_folder
from cvae_core.runs.status import read_status, write_status
from tests.dashboard.run_states import living_worker, make_run, random_weights
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle
from tests.e2e.time_machine import (
    EVERY_PAGE,
    LAST,
    PAGES,
    OpenTimeMachine,
    choose_label,
    drag_to,
    drawn,
    expect_address,
    expect_epoch,
    fingerprint,
    go_to_page,
    pictures,
    player,
    press,
    record,
    slider,
    thumb_share,
    wait_until_loaded,
)

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


@pytest.mark.gate
@EVERY_PAGE
def test_a_drag_shows_each_epoch_and_the_address_names_the_last(open_time_machine: OpenTimeMachine, name: str) -> None:
    page = open_time_machine(name, epoch=0)
    record(page)
    drag_to(page, LAST, let_go=False)
    expect_epoch(page, LAST, LAST)
    expect_address(page, epoch="0")
    page.mouse.up()
    expect_address(page, epoch=str(LAST))
    pictures = drawn(page)
    assert [epoch for epoch, _ in pictures] == list(range(1, LAST + 1))
    assert len({mark for _, mark in pictures}) == LAST
    drag_to(page, 4)
    expect_epoch(page, 4, LAST)
    expect_address(page, epoch="4")
    assert fingerprint(page) == dict(pictures)[4]
    page.reload()
    wait_until_loaded(page, LAST + 1)
    expect_epoch(page, 4, LAST)
    assert fingerprint(page) == dict(pictures)[4]


@EVERY_PAGE
def test_playing_shows_the_run_to_its_end(open_time_machine: OpenTimeMachine, name: str) -> None:
    page = open_time_machine(name, epoch=0)
    record(page)
    press(page, "Play")
    expect_epoch(page, LAST, LAST)
    expect(player(page).get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect_address(page, epoch=str(LAST))
    epochs = [epoch for epoch, _ in drawn(page)]
    assert epochs == sorted(epochs)
    assert epochs[-1] == LAST
    assert len(epochs) > LAST / 2


@EVERY_PAGE
def test_another_label_is_another_picture_at_the_same_epoch(open_time_machine: OpenTimeMachine, name: str) -> None:
    page = open_time_machine(name, epoch=5)
    view = player(page).get_attribute("data-view")
    marks = [pictures(page)]
    for label, text in (("3", "3"), ("All", "all")):
        choose_label(page, label)
        expect_address(page, label=text, epoch="5")
        expect(player(page)).not_to_have_attribute("data-view", view or "")
        wait_until_loaded(page, LAST + 1)
        expect_epoch(page, 5, LAST)
        marks.append(pictures(page))
    choose_label(page, "0")
    expect_address(page, label=None)
    wait_until_loaded(page, LAST + 1)
    assert pictures(page) == marks[0]
    assert len(set(marks)) == 3


@EVERY_PAGE
def test_a_run_that_is_deleted_is_missed_and_another_can_be_chosen(
    open_time_machine: OpenTimeMachine, folder: Path, name: str
) -> None:
    run = make_run(folder, f"doomed-{name}", "finished", 3)
    page = open_time_machine(name, run=run.id, count=4)
    shutil.rmtree(run.path)
    choose_label(page, "5")
    expect(page.get_by_text(f"There is no run named “{run.id}”")).to_be_visible()
    assert not run.path.exists()
    page.get_by_role("combobox", name=re.compile("Run")).click()
    page.get_by_role("option", name=re.compile("first")).click()
    wait_until_loaded(page, LAST + 1)
    expect_address(page, run="first", label="5")


@EVERY_PAGE
def test_a_damaged_snapshot_says_so_and_the_slider_moves_on(
    open_time_machine: OpenTimeMachine, folder: Path, name: str
) -> None:
    run = make_run(folder, f"damaged-{name}", "finished", 6)
    (snapshot_folder(run.snapshots_folder, 3) / WEIGHTS_FILE).write_text("nonsense")
    page = open_time_machine(name, run=run.id, epoch=0, count=7)
    sentence = player(page).get_by_text("The snapshot of epoch 3 is damaged")
    record(page)
    drag_to(page, 3, let_go=False)
    expect(sentence).to_be_visible()
    page.mouse.up()
    drag_to(page, 6)
    expect_epoch(page, 6, 6)
    expect(sentence).to_be_hidden()
    assert [epoch for epoch, _ in drawn(page)] == [1, 2, 3, 4, 5, 6]


def train_an_epoch(run: Run, epoch: int) -> None:
    """What a worker leaves after an epoch."""
    publish_snapshot(run.snapshots_folder, epoch, random_weights(run.config(), epoch))
    write_status(run.status_file, replace(read_status(run.status_file), epoch=epoch))


@EVERY_PAGE
def test_the_slider_grows_under_a_training_run_and_stands_still(
    open_time_machine: OpenTimeMachine, folder: Path, name: str
) -> None:
    run = make_run(folder, f"young-{name}", "running", 2)
    with living_worker(run):
        page = open_time_machine(name, run=run.id, epoch=1, count=3)
        mark = fingerprint(page)
        for epoch in (3, 4):
            train_an_epoch(run, epoch)
            expect(slider(page)).to_have_attribute("max", str(epoch), timeout=15_000)
            expect_epoch(page, 1, epoch)
            assert thumb_share(page) == pytest.approx(1 / epoch)
        wait_until_loaded(page, 5)
        assert fingerprint(page) == mark
        expect_address(page, epoch="1")


@EVERY_PAGE
def test_who_follows_a_run_sees_its_newest_epoch(open_time_machine: OpenTimeMachine, folder: Path, name: str) -> None:
    run = make_run(folder, f"followed-{name}", "running", 2)
    with living_worker(run):
        page = open_time_machine(name, run=run.id, epoch=1, count=3)
        live = player(page).get_by_role("button", name="Live")
        expect(live).to_have_attribute("aria-pressed", "false")
        live.click()
        expect_epoch(page, 2, 2)
        for epoch in (3, 4):
            train_an_epoch(run, epoch)
            expect(player(page)).to_have_attribute("data-epoch", str(epoch), timeout=15_000)
            expect_epoch(page, epoch, epoch)
            assert thumb_share(page) == 1
            expect_address(page, epoch="newest")


@EVERY_PAGE
def test_a_young_run_is_waited_for_followed_scrubbed_and_followed_again(
    serve: Serve, open_page: OpenPage, folder: Path, name: str
) -> None:
    run = make_run(folder, f"new-{name}", "running", 0)
    with living_worker(run):
        page = open_page(f"{serve(CVAE_RUNS=str(folder))}/{name}?run={run.id}")
        expect(page.get_by_text("Waiting for the first epoch.")).to_be_visible()
        expect(player(page)).to_have_count(0)
        live = player(page).get_by_role("button", name="Live")
        for epoch in (1, 2):
            train_an_epoch(run, epoch)
            expect(player(page)).to_have_attribute("data-epoch", str(epoch), timeout=15_000)
        expect(live).to_have_attribute("aria-pressed", "true")
        wait_until_loaded(page, 3)
        drag_to(page, 1)
        expect_address(page, epoch="1")
        expect(live).to_have_attribute("aria-pressed", "false")
        train_an_epoch(run, 3)
        expect(slider(page)).to_have_attribute("max", "3", timeout=15_000)
        expect_epoch(page, 1, 3)
        live.click()
        expect_epoch(page, 3, 3)
        train_an_epoch(run, 4)
        expect(player(page)).to_have_attribute("data-epoch", "4", timeout=15_000)
        expect_address(page, epoch="newest")
        go_to_page(page, next(other for other in PAGES if other != name), 5)
        drag_to(page, 1)
        expect_address(page, epoch="1")
        page.go_back()
        expect_epoch(page, 4, 4)
        expect(live).to_have_attribute("aria-pressed", "true")


@pytest.mark.parametrize(("width", "dark"), [(400, False), (400, True), (1280, True)])
@EVERY_PAGE
def test_nothing_is_wider_than_the_page(
    open_time_machine: OpenTimeMachine, name: str, width: int, dark: bool, tmp_path: Path
) -> None:
    page = open_time_machine(name, epoch=6, pin=12, label=7, width=width, dark=dark)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    parts = player(page).locator("canvas:visible, button:visible, input:visible, output:visible")
    for part in (*parts.all(), *page.get_by_role("radio").all()):
        box = part.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
    target = Path(os.environ.get("CVAE_PICTURES", tmp_path))
    page.set_viewport_size({"width": width, "height": 2000 if width == 400 else 1300})
    wait_until_idle(page)
    page.screenshot(path=target / f"{name}-{width}-{'dark' if dark else 'light'}.png")
