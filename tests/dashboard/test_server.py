"""How the server starts: limits are checked before anything listens, and nobody outside is asked for an address."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from streamlit import net_util
from streamlit.web.server import server_util

from cvae_core.workers.quotas import Limits
from dashboard.server import options
from dashboard.streamlit_patches.pages import disable_address_lookup


@pytest.mark.parametrize(
    ("variable", "words"),
    [("CVAE_MAX_EPOCHS", "whole number of at least 1"), ("CVAE_MAX_WORKERS", "1 to 64"), ("CVAE_READ_ONLY", "1 or 0")],
)
def test_a_limit_that_makes_no_sense_ends_the_server_before_it_listens(
    variable: str, words: str, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "dashboard.server", "--server.headless=true", "--server.port=1"],
        cwd=tmp_path,
        env={**os.environ, variable: "some"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"Error: {variable} is 'some'; expected")
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_the_limit_of_uploads_binds_the_server_itself() -> None:
    """It is one megabyte more than for the file, as Streamlit counts the whole request."""
    assert options(Limits()) == []
    assert options(Limits(max_upload_mb=3)) == ["--server.maxUploadSize", "4"]
    assert options(Limits(read_only=True)) == ["--server.maxUploadSize", "21"]  # a picture, and no archive
    assert options(Limits(read_only=True, max_upload_mb=3)) == ["--server.maxUploadSize", "4"]


def test_a_page_from_elsewhere_is_judged_without_asking_anyone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("get_external_ip", "get_internal_ip"):
        monkeypatch.setattr(net_util, name, getattr(net_util, name))  # so that both are put back
    monkeypatch.setattr(net_util, "_make_blocking_http_get", lambda *arguments, **options: pytest.fail("asked"))
    disable_address_lookup()
    assert not server_util.is_url_from_allowed_origins("http://evil.example")
    assert server_util.is_url_from_allowed_origins("http://localhost:8501")
