"""Sections of pages: each lays out one thing that a person does or looks at."""
