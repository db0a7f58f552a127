"""How the person came to the page that is drawn."""

from __future__ import annotations

from streamlit.runtime.scriptrunner import get_script_run_ctx


def went_through_history() -> bool:
    """Whether the person pressed Back or Forward.

    Streamlit 1.67 has no public name for this. Without it, an address that was gone back to cannot be told from one
    that a busy browser still has though it was written anew.
    """
    context = get_script_run_ctx()
    return context is not None and context.is_history_navigation
