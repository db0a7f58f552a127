"""Why condition? What an autoencoder without labels cannot learn, and how labels help."""

from __future__ import annotations

import streamlit as st

from dashboard.sections.why import toy_form, toy_view
from dashboard.shared import actions, session_state
from dashboard.shared.run_progress import watch_ended
from dashboard.shared.widgets import page_title
from dashboard.streamlit_patches.pages import require_registry

require_registry()
session_state.enter_page("Why condition?")
page_title("Why condition?")
st.markdown(
    "These points lie on **two separate pieces**: an arc of a sine, and a circle. An autoencoder encodes each point as "
    "one number, the code, and decodes the point from that number alone. While the code changes steadily, the decoded "
    "point moves along one unbroken curve. One curve cannot be two pieces, so an autoencoder without labels "
    "**builds a bridge** across the gap, where there are no data."
)
if not actions.is_read_only():
    toy_form()
toy_view()
st.caption(
    "Off the manifold: more than three standard deviations of the noise from the true curves. At epoch 0 the share may "
    "be small: an untrained model often decodes every point near the origin, which lies on the sine arc."
)
st.markdown(
    "Now encoder and decoder also get **the label**: the piece that a point belongs to. The code no longer has to "
    "contain it, so each piece has its own curve, and the bridge is gone. This is what *conditional* means."
)
st.markdown(
    "**Is a larger code enough?** Set *Code dimensions* to 2 or 100 and train again. With as many numbers as a point "
    "has, the model only copies its input with its noise: the reconstructions lie much nearer to the noisy points than "
    "the true curves do, and the model learns nothing about the manifold. There is no decoded curve either: every "
    "point of the plane has its own code."
)
st.page_link(
    "pages/train.py",
    label="Now with digits: " + ("a conditional VAE" if actions.is_read_only() else "train a conditional VAE"),
    icon=":material/arrow_forward:",
)
watch_ended()
