"""What stands on canvases."""

from __future__ import annotations

import base64

import numpy as np
from playwright.sync_api import Locator

from cvae_core.records import Bytes

# As text, since Playwright takes numbers one by one, seconds for a canvas.
_READ = """all => all.map(it => {
  const data = it.getContext('2d').getImageData(0, 0, it.width, it.height).data;
  let text = '';
  for (let at = 0; at < data.length; at += 8192) text += String.fromCharCode(...data.subarray(at, at + 8192));
  return [it.height, it.width, btoa(text)];
})"""


def pixels(canvases: Locator) -> Bytes:
    """The pixels of canvases of one size, uint8 (n, height, width, 3)."""
    return pixels_with_opacity(canvases)[..., :3]


def pixels_with_opacity(canvases: Locator) -> Bytes:
    """The same, uint8 (n, height, width, 4)."""
    found = canvases.evaluate_all(_READ)
    return np.stack([np.frombuffer(base64.b64decode(text), np.uint8).reshape(*size, 4) for *size, text in found])
