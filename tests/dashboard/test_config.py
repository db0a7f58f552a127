"""The dashboard's settings hold wherever it is started from."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import dashboard

FOLDER = Path(dashboard.__file__).parent
# Streamlit reads the configuration beside its main script; this asks it what is in force there.
QUESTION = """
import json, sys
from streamlit import config
config._main_script_path = sys.argv[1]
config.get_config_options(force_reparse=True)
print(json.dumps({name: config.get_option(name) for name in sys.argv[2:]}))
"""
EXPECTED = {
    "server.address": "127.0.0.1",
    "server.allowedHosts": ["localhost", "127.0.0.1", "::1"],
    "server.showEmailPrompt": False,
    "server.maxUploadSize": 1025,
    "browser.gatherUsageStats": False,
    "browser.serverAddress": "localhost",
    "runner.postScriptGC": False,
    "client.toolbarMode": "viewer",
    "client.showErrorDetails": "none",
}


def test_the_options_are_in_force_from_another_working_directory(tmp_path):
    command = [sys.executable, "-c", QUESTION, str(FOLDER / "Home.py"), *EXPECTED]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(answer.stdout) == EXPECTED


@pytest.fixture
def theme():
    return tomllib.loads((FOLDER / ".streamlit" / "config.toml").read_text())["theme"]


def test_no_font_comes_from_outside(theme):
    assert "fontFaces" not in theme
    assert {theme["font"], theme["codeFont"]} <= {"sans-serif", "serif", "monospace"}


def _linear(colour: str) -> list[float]:
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]


def _contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2."""
    light, dark = sorted(
        (0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in map(_linear, (first, second))), reverse=True
    )
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_text_and_links_can_be_read(theme, mode):
    colours = theme[mode]
    for background in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
        assert _contrast(colours["textColor"], background) >= 7
        assert _contrast(colours["linkColor"], background) >= 4.5


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_every_label_stands_out_from_the_background(theme, mode):
    colours = theme[mode]
    contrasts = [_contrast(colour, colours["backgroundColor"]) for colour in colours["chartCategoricalColors"]]
    assert min(contrasts) >= 1.9  # ten colours that everyone can tell apart do not all fit below 3
    assert min(contrasts[:2]) >= 3  # thin lines use the first two
