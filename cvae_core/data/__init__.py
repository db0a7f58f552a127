"""Data sets: labelled images by name."""

from cvae_core.data.registry import dataset_names, dataset_title, load_dataset, load_test_data

__all__ = ["dataset_names", "dataset_title", "load_dataset", "load_test_data"]
