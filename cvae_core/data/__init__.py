"""Data sets: labelled images by name."""

from cvae_core.data.registry import (
    DatasetPlug,
    check_dataset_name,
    class_names_of,
    dataset_names,
    dataset_shape,
    dataset_title,
    load_dataset,
    load_test_data,
    register_dataset,
    shape_of,
    test_size,
    training_size,
    with_data_facts,
)

__all__ = [
    "DatasetPlug",
    "check_dataset_name",
    "class_names_of",
    "dataset_names",
    "dataset_shape",
    "dataset_title",
    "load_dataset",
    "load_test_data",
    "register_dataset",
    "shape_of",
    "test_size",
    "training_size",
    "with_data_facts",
]
