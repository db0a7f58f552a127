"""Downloads: what cannot be had, or kept, is told in one sentence."""

from __future__ import annotations

from pathlib import Path

import keras
import pytest

from cvae_core.errors import DataUnavailableError
from cvae_core.training.session import ensure_downloaded


def test_download_that_was_kept_elsewhere_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keras keeps what it downloads in a temporary folder if its own cannot be written."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", lambda: None)
    with pytest.raises(DataUnavailableError, match=f"could not be kept in {tmp_path}.* KERAS_HOME"):
        ensure_downloaded("fashion_mnist")
