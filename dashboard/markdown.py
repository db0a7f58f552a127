"""Sentences of ours that may quote a file or an address, ready for a place where Streamlit reads Markdown."""

from __future__ import annotations


def without_links(text: str) -> str:
    r"""The text with nothing in it taken for a link, a picture that the browser would fetch, or a colour.

    Each of these needs an opening bracket, so that and the backslash, which would take away the meaning of another
    one, are escaped; emphasis and code stay, for our own words use them.
    """
    return text.replace("\\", "\\\\").replace("[", "\\[")
