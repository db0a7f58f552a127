"""Who presses faster than the server answers loses nothing: every widget of the pages at four presses a second."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from cvae_core.runs.run import create_run
from cvae_core.runs.snapshots import publish_snapshot
from cvae_core.runs.status import Status, write_status
from tests.dashboard.run_states import make_run, random_weights, tiny_config
from tests.e2e.conftest import OpenPage, Serve, wait_until_idle
from tests.e2e.time_machine import LAST, expect_address, wait_until_loaded

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

PRESSES = 10
PAUSE_MS = 250
# The browser hears of each answer this much later: some presses go on before the first is answered.
SLOW_ANSWERS = """
  const Plain = window.WebSocket;
  window.WebSocket = class extends Plain {
    set onmessage(handle) { super.onmessage = (event) => setTimeout(() => handle(event), 700); }
  };
"""
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs, and one whose code has four dimensions."""
    folder = tmp_path_factory.mktemp("runs")
    make_run(folder, "second", "finished", LAST, seed=1000)
    make_run(folder, "first", "finished", LAST)
    config = tiny_config().with_settings({"latent_dim": 4})
    wide = create_run(folder, config, "wide")
    for epoch in range(LAST + 1):
        publish_snapshot(wide.snapshots_folder, epoch, random_weights(config, epoch))
    write_status(wide.status_file, Status("finished", config.train.epochs))
    return folder


@pytest.fixture
def open_slow(serve: Serve, runs: Path, open_page: OpenPage) -> Open:
    """``open_slow("samples?run=first")`` gives a page that answers slowly from then on."""

    def open_(address: str) -> Page:
        page = open_page(f"{serve(CVAE_RUNS=str(runs))}/{address}", script=SLOW_ANSWERS)
        wait_until_loaded(page, LAST + 1)
        return page

    return open_


def press_fast(page: Page, widget: Locator, key: str, presses: int = PRESSES) -> None:
    widget.focus(timeout=5000)
    for _ in range(presses):
        page.keyboard.press(key)
        page.wait_for_timeout(PAUSE_MS)
    page.wait_for_timeout(1500)
    wait_until_idle(page, 1000)


@pytest.mark.parametrize(
    ("address", "name", "value", "parameter", "text"),
    [
        ("samples?run=first", "Temperature", "2", "temperature", "2"),
        ("samples?run=first", "Samples", "20", "columns", "20"),
        ("samples?run=first&temperature=0.5", "Temperature", "1.5", "temperature", "1.5"),
        ("samples?run=first", "Reconstructions", "30", "count", "30"),
        ("manifold?run=first&size=4", "Grid", "14", "size", "14"),
        ("manifold?run=first&size=4", "Quantiles — start", "0.06", "range", "0.06,0.95"),
        ("manifold?run=wide&size=4&others=chosen", "z3", "1", "code", "0,0,1,0"),
        ("style?run=first&source=label&sources=2", "How many", "12", "sources", "12"),
        ("latent?run=first&epoch=0", "Epoch", "10", "epoch", "10"),
    ],
)
def test_a_slider_keeps_every_press(
    open_slow: Open, address: str, name: str, value: str, parameter: str, text: str
) -> None:
    page = open_slow(address)
    if name.startswith("z"):
        page.get_by_role("button", name="Values").click()
    slider = page.locator(f"input[type=range][aria-label='{name}']")
    press_fast(page, slider, "ArrowRight")
    expect(slider).to_have_value(value)
    expect_address(page, **{parameter: text.replace(",", "%2C")})


@pytest.mark.parametrize(
    ("address", "name", "parameter"),
    [("samples?run=first", "Seed", "seed"), ("latent?run=first&pin=0", "Pinned image", "pin")],
)
def test_a_number_keeps_every_press(open_slow: Open, address: str, name: str, parameter: str) -> None:
    page = open_slow(address)
    field = page.get_by_role("spinbutton", name=name)
    press_fast(page, field, "ArrowUp")
    expect(field).to_have_value("10")
    expect_address(page, **{parameter: "10"})


def test_the_last_of_many_labels_stays(open_slow: Open) -> None:
    page = open_slow("latent?run=first&label=1")
    group = page.get_by_test_id("stButtonGroup").filter(has_text="Label")
    for label in ("2", "3", "2", "4", "5", "3", "6", "7"):
        group.get_by_role("radio", name=label, exact=True).click()
        page.wait_for_timeout(PAUSE_MS)
    page.wait_for_timeout(1500)
    wait_until_idle(page, 1000)
    expect(group.get_by_role("radio", name="7", exact=True)).to_be_checked()
    expect_address(page, label="7")


@pytest.mark.parametrize("name", ["latent", "manifold", "samples", "style"])
def test_the_last_of_many_runs_stays(open_slow: Open, name: str) -> None:
    page = open_slow(f"{name}?run=first")
    for run in ("second", "first", "second"):
        page.get_by_role("combobox", name=re.compile("Run")).click()
        page.get_by_role("option", name=re.compile(run)).click()
        page.wait_for_timeout(PAUSE_MS)
    page.wait_for_timeout(1500)
    wait_until_idle(page, 1000)
    expect(page.get_by_role("combobox", name=re.compile("Run"))).to_have_value(re.compile("second"))
    expect_address(page, run="second")


@pytest.mark.parametrize("dimension", ["Across", "Up"])
def test_the_last_of_many_dimensions_stays(open_slow: Open, dimension: str) -> None:
    page = open_slow("latent?run=wide")
    box = page.get_by_role("combobox", name=dimension)
    for name in ("z3", "z4", "z3", "z4"):
        box.click()
        page.get_by_role("option", name=name, exact=True).click()
        page.wait_for_timeout(PAUSE_MS)
    page.wait_for_timeout(1500)
    wait_until_idle(page, 1000)
    expect(box).to_have_value("z4")
    expect_address(page, **{"x" if dimension == "Across" else "y": "4"})


def test_the_sliders_of_a_style_keep_every_press(open_slow: Open) -> None:
    page = open_slow("style?run=first")
    page.get_by_text("Latent sliders", exact=True).click()
    slider = page.get_by_role("slider", name="Latent dimension 1", exact=True)
    expect(slider).to_be_visible()
    wait_until_idle(page, 1000)
    before = float(slider.input_value())
    press_fast(page, slider, "ArrowRight")
    assert float(slider.input_value()) == pytest.approx(before + PRESSES * 0.01, abs=0.006)


def test_a_choice_holds_on_the_page_that_is_come_back_to(open_slow: Open) -> None:
    page = open_slow("samples?run=first")
    slider = page.locator("input[type=range][aria-label='Temperature']")
    press_fast(page, slider, "ArrowRight", 3)
    for name in ("Latent space", "Samples"):
        page.get_by_test_id("stHeader").get_by_role("link", name=name).click()
        page.wait_for_url(re.compile(name.split()[0].lower()))
        wait_until_loaded(page, LAST + 1)
    expect(slider).to_have_value("1.3")
    expect_address(page, temperature="1.3")
