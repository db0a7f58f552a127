"""Train: set up a run, watch it learn, and look at what it became."""

from __future__ import annotations

import streamlit as st

from cvae_core.runs.overview import overviews
from cvae_core.runs.status import ALIVE
from dashboard import services, state
from dashboard.controls import run_picker
from dashboard.registry import require_registry
from dashboard.views.run_view import run_view
from dashboard.views.training_form import training_form

require_registry()
state.enter_page("Train")
st.title("Train")
found = overviews(services.folder())
selected = state.selected_run()
run_picker(found, selected)
item = next((item for item in found if item.run.id == selected), None)
if selected and item is None:
    st.warning(
        f"There is no run named “{selected}”. Choose another above, or set up a new one.", icon=":material/search_off:"
    )
if item is None:
    training_form()
else:
    run_view(item)
if not any(other.state in ALIVE for other in found):
    services.keep_spare_worker()
