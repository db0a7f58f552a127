"""Train: set up a run, watch it learn, and look at what it became."""

from __future__ import annotations

import streamlit as st

from cvae_core.runs.status import ALIVE
from cvae_core.runs.summary import overviews
from dashboard.cache import run_data
from dashboard.sections.archives import imported_message, run_import
from dashboard.sections.run import run_view
from dashboard.sections.training_form import training_form
from dashboard.shared import actions, session_state
from dashboard.shared.session_state import without_links
from dashboard.shared.widgets import deleted_notices, page_title, run_picker
from dashboard.streamlit_patches.pages import require_registry

require_registry()
session_state.enter_page("Train")
page_title("Train")
deleted_notices()
found = overviews(run_data.folder())
selected = session_state.selected_run()
run_picker(found, selected)
imported_message()
item = next((item for item in found if item.run.id == selected), None)
if selected and item is None:
    otherwise = "." if actions.is_read_only() else ", or set up a new one."
    st.warning(
        f"There is no run named “{without_links(selected)}”. Choose another above{otherwise}",
        icon=":material/search_off:",
    )
if item is not None:
    run_view(item)
elif actions.is_read_only():
    st.info(
        "Choose a run above." if found else "There is no run yet.",
        icon=":material/visibility:",
    )
else:
    training_form(found)
    run_import()
if not any(other.state in ALIVE for other in found):
    actions.keep_spare_worker()
