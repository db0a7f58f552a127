"""A page with a gallery to pick from, and below what it reported."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.components.image_picker import image_picker
from tests.e2e.style_cases import PICKER_FIRST_INDEX, PICKER_LIMIT, picker_images

images = picker_images()
indices = PICKER_FIRST_INDEX + np.arange(len(images))
names = [f"label {label}" for label in range(10)]
given = st.session_state.setdefault("given", (101,))
if st.button("Give 105 and 103"):
    given = (105, 103)
limit = 1 if st.query_params.get("one") else PICKER_LIMIT
picked = image_picker("picker", images, indices, np.arange(len(images)) % 10, given, names, limit)
# As a page does: what was reported is given back in the next run.
st.session_state["given"] = given if picked is None else picked
st.caption(f"picked {picked}")
