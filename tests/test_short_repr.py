"""No record prints its arrays: whatever it holds, its ``repr`` stays short."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np
import pytest

import cvae_core
from cvae_core.config.presets import preset
from cvae_core.training.engine import train
from cvae_core.training.state import EpochEvent
from tests.networks import random_dataset
from tests.training.test_engine import SHAPE

MOST_CHARACTERS = 350
MANY = 100


def record_classes() -> Iterator[type]:
    """Every dataclass and named tuple of the core."""
    for module in pkgutil.walk_packages(cvae_core.__path__, "cvae_core."):
        if not module.name.endswith("__main__"):
            for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
                if found.__module__ == module.name and is_record(found):
                    yield found


def is_record(kind: Any) -> bool:
    return inspect.isclass(kind) and (is_dataclass(kind) or hasattr(kind, "_fields"))


def filled(kind: type) -> Any:
    """An instance whose every array and every collection is large; nothing of it is checked."""
    hints = get_type_hints(kind)
    if not is_dataclass(kind):
        return kind(*(sample(hints[name]) for name in kind._fields))  # type: ignore[attr-defined]
    made = object.__new__(kind)
    for field in fields(kind):
        object.__setattr__(made, field.name, sample(hints[field.name]))
    return made


def sample(hint: Any) -> Any:
    origin, parts = get_origin(hint) or hint, get_args(hint)
    if is_record(hint):
        return filled(hint)
    if origin in (np.ndarray, Any):
        return np.random.default_rng(0).random((30, 30))
    if origin in (Union, UnionType):
        return sample(parts[0])
    if inspect.isclass(origin) and issubclass(origin, Mapping):
        return {f"key {number}": sample(parts[1]) for number in range(MANY)}
    if origin in (tuple, list):
        several = parts[:1] * MANY if origin is list or parts[-1] is Ellipsis else parts
        return origin(map(sample, several))
    return {int: 1_234_567, float: 0.5, str: "some words", bytes: b"12" * MANY}.get(origin)


@pytest.mark.parametrize("kind", list(record_classes()), ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_every_record_has_a_short_repr(kind: type) -> None:
    text = repr(filled(kind))
    assert len(text) <= MOST_CHARACTERS, f"{len(text)} characters: {text[:400]}"


def test_an_event_tells_its_numbers_and_no_tensors() -> None:
    config = preset("tutorial").with_settings({"epochs": 1, "hidden_widths": (64, 64), "latent_dim": 64})
    data = random_dataset(SHAPE, 20, 20)
    found = list(train(config, data))
    assert max(len(repr(event)) for event in found) <= MOST_CHARACTERS
    epoch = next(event for event in found if isinstance(event, EpochEvent))
    assert repr(epoch).startswith("EpochEvent(record=EpochRecord(epoch=1, train=Losses(loss=")
    assert f"test=Losses(loss={epoch.record.test.loss:.6g}, " in repr(epoch)
    assert "kl_per_dimension=<tuple of 64>" in repr(epoch)
    assert repr(data.train) == "Split(images=uint8(20, 4, 3, 1), labels=int64(20,))"
