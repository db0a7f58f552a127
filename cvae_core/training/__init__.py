"""Training: the compiled engine, and what turns its events into a run on disk."""

import os

# No notes about missing graphics cards and compiled clusters.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
