"""Training: the compiled engine, and what turns its events into a run on disk."""

import os

# TensorFlow tells of missing graphics cards and of compiled clusters; a person who trains wants to read neither.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
