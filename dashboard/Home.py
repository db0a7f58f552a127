"""The dashboard's main script: the server imports it, and each visit runs it. It has the list of pages."""

import numpy  # noqa: F401  before Plotly, which breaks if two first visitors import NumPy at once
import streamlit as st

from cvae_core.data.mnist import bundled_file
from dashboard import server


def show_page() -> None:
    """Draw the current page."""
    # Components register with the server when they are imported, so the server must be running.
    from dashboard.components.page_elements import page_frame
    from dashboard.shared import actions
    from dashboard.shared.widgets import show_errors
    from dashboard.streamlit_patches import sessions
    from dashboard.url_state.session import enter_page

    st.set_page_config(page_title="CVAE laboratory", page_icon=str(bundled_file("logo.svg")), layout="wide")
    st.logo(str(bundled_file("logo.svg")))
    home = st.Page("pages/home.py", title="Home", icon=":material/home:", url_path="", default=True)
    page = st.navigation(
        [
            home,
            # The first page has no name in the address, but people type one.
            st.Page(lambda: st.switch_page(home), title="Home", url_path="home", visibility="hidden"),
            st.Page("pages/why.py", title="Why condition?", icon=":material/call_split:", url_path="why"),
            st.Page("pages/train.py", title="Train", icon=":material/model_training:", url_path="train"),
            st.Page("pages/latent.py", title="Latent space", icon=":material/scatter_plot:", url_path="latent"),
            st.Page("pages/manifold.py", title="Manifold", icon=":material/grid_view:", url_path="manifold"),
            st.Page("pages/samples.py", title="Samples", icon=":material/casino:", url_path="samples"),
            st.Page("pages/style.py", title="Style transfer", icon=":material/brush:", url_path="style"),
        ],
        position="top",
    )
    sessions.end_with_the_browser()
    with show_errors():
        actions.tidy_up()
        actions.enter(page.url_path)
        enter_page(page.url_path)
        page.run()
    page_frame()


if __name__ == "__main__":
    show_page()
else:
    # `streamlit run` finds and serves this.
    app = st.App(__file__, middleware=server.middleware(), lifespan=server.serving)
