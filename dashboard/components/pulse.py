"""A heartbeat that lives in the browser: it renews the fragment that it stands in.

``st.fragment(run_every=...)`` keeps its timers by messages from the server, and those of a run of the script that ends
at the moment in which another fragment asks to be renewed are dropped: the timers are gone, and the page stands
still. A pulse beats for as long as it is on the page, whatever is lost, and waits for the answer before it asks again.
"""

from __future__ import annotations

import time

from dashboard.components import FOLDER

_mount = FOLDER.component("auto_refresh", "page/auto_refresh.js")


def pulse(key: str, seconds: float) -> None:
    """Renew the surrounding fragment (or the page, outside of one) after a while, and again after each renewal.

    Args:
        key: Identifies the pulse on the page.
        seconds: From the arrival of one renewal to the request for the next.
    """
    # What is sent must differ each time, or the browser is not told that the answer has come.
    _mount(key=key, data={"seconds": seconds, "drawn_at": time.time_ns()}, on_beat_change=lambda: None)
