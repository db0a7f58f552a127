"""Why condition? What a plain autoencoder cannot follow, and what the label is good for."""

from __future__ import annotations

import streamlit as st

from dashboard.sections.why import torn_form, torn_view
from dashboard.shared import actions, session_state
from dashboard.shared.run_progress import watch_ended
from dashboard.shared.widgets import page_title
from dashboard.streamlit_patches.pages import require_registry

require_registry()
session_state.enter_page("Why condition?")
page_title("Why condition?")
st.markdown(
    "These points lie on **two separate pieces**: an arc of a sine, and a circle. An autoencoder describes each point "
    "by one number, the code, and draws it again from that number alone. As the code moves through its range, what it "
    "decodes to moves along one unbroken curve. One curve cannot be two pieces, so a plain autoencoder "
    "**builds a bridge** across the gap, where there are no data at all."
)
if not actions.is_read_only():
    torn_form()
torn_view()
st.caption(
    "Off the manifold: farther than three standard deviations of the noise from the true curves. At epoch 0 little "
    "may be off: an untrained model often puts every point near the origin, which happens to lie on the sine arc."
)
st.markdown(
    "Now give encoder and decoder **the label** as well: which piece a point belongs to. The code need not say that "
    "any more, so each piece has a curve of its own, and the bridge is gone. That is all that *conditional* means."
)
st.markdown(
    "**Would a larger code not do?** Set *Code dimensions* to 2 or 100 and train again. With as many numbers as a "
    "point has, the model merely copies its input, noise and all: its reconstructions lie much nearer to the noisy "
    "points than the noise would have it, and nothing is learnt about the manifold. There is no decoded curve to look "
    "at either: any point of the plane has a code of its own."
)
st.page_link(
    "pages/train.py",
    label="Now with digits: " + ("a conditional VAE" if actions.is_read_only() else "train a conditional VAE"),
    icon=":material/arrow_forward:",
)
watch_ended()
