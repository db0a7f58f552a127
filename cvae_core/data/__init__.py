"""Data sets: labelled images by name."""

from cvae_core.data.registry import (
    check_dataset_name,
    dataset_names,
    dataset_shape,
    dataset_title,
    load_dataset,
    load_test_data,
    test_size,
    training_size,
)

__all__ = [
    "check_dataset_name",
    "dataset_names",
    "dataset_shape",
    "dataset_title",
    "load_dataset",
    "load_test_data",
    "test_size",
    "training_size",
]
