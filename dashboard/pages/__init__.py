"""Thin scripts, one a page."""
