"""The log stays short when no file descriptor is left."""

from __future__ import annotations

import errno
import logging

import pytest

from dashboard.streamlit_patches.sessions import FewWords


def test_one_line_says_that_no_descriptor_is_left(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("descriptors of a test")
    logger.addFilter(FewWords())
    for error in (OSError(errno.EMFILE, "Too many open files"), OSError(errno.ENFILE, "x")) * 1000:
        logger.error("socket.accept() out of system resource", exc_info=error)
    logger.error("something else", exc_info=OSError(errno.EIO, "x"))
    first, other = caplog.records
    assert "ulimit -n" in first.getMessage()
    assert first.exc_info is None
    assert other.getMessage() == "something else"
