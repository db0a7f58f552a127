"""The dashboard: pages over the runs of `cvae_core`."""
