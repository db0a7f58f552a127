"""Opens a page of the dashboard without a browser, and reads it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

HOME = str(Path(__file__).parents[2] / "dashboard" / "Home.py")


def open_page(name: str = "home", **parameters: str) -> AppTest:
    """A page, opened by a link with these parameters."""
    app = AppTest.from_file(HOME, default_timeout=30)
    app.run()
    app.switch_page(f"pages/{name}.py")
    for parameter, text in parameters.items():
        app.query_params[parameter] = text
    return app.run()


def said(app: AppTest) -> str:
    """All text on the page."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.error, app.warning, app.info)
    return "\n".join(str(element.value) for kind in kinds for element in kind)


def component_names(app: AppTest) -> list[str]:
    """Our own components that the page has, but for the frame that surrounds every page."""
    names = [str(element.proto.component_name).rpartition(".")[2] for element in app.get("bidi_component")]
    return [name for name in names if name != "reload_guard"]


def select_box(app: AppTest, label: str) -> Selectbox:
    """The select box that is called so."""
    return next(box for box in app.selectbox if box.label == label)


def choose_text(box: Selectbox, text: str) -> AppTest:
    """Choose what is no option, as a browser does that still has the texts of some answers ago."""
    box.options.append(text)
    return box.set_value(text).run()


def press(app: AppTest, label: str) -> AppTest:
    """Press the first button that is called so."""
    return next(button for button in app.button if button.label == label).click().run()


def run_until(app: AppTest, done: Callable[[AppTest], object], seconds: float = 60.0) -> None:
    """Refresh the page, as a browser does, until something is there."""
    deadline = time.monotonic() + seconds
    while not done(app):
        assert time.monotonic() < deadline
        assert not app.exception
        time.sleep(0.1)
        app.run()
