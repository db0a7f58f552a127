"""The limits of a server: read from its environment, told apart from nonsense, and kept."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from cvae_core.config.presets import preset
from cvae_core.data import load_dataset, training_size
from cvae_core.errors import ConfigError, CvaeError, DataError, RunBusyError
from cvae_core.workers.quotas import Limits, check_admission, check_upload, largest_upload_mb, read_limits, variable
from tests.dashboard.run_states import living_worker, make_run

Settings = dict[str, Any]


def test_without_variables_everything_is_allowed() -> None:
    assert read_limits({}) == Limits()
    assert read_limits({"CVAE_READ_ONLY": "", "CVAE_MAX_EPOCHS": ""}) == Limits()
    assert not Limits().read_only and set(Limits().model_dump(exclude={"read_only"}).values()) == {None}


def test_each_limit_has_its_variable() -> None:
    environment = {
        "CVAE_READ_ONLY": "yes",
        "CVAE_MAX_QUEUED": "0",
        "CVAE_MAX_EPOCHS": "10",
        "CVAE_MAX_IMAGES": "2000",
        "CVAE_MAX_PARAMETERS": "1000000",
        "CVAE_MAX_STORAGE": "500",
        "CVAE_MAX_UPLOAD_MB": "3",
    }
    assert set(environment) == set(map(variable, Limits.model_fields))
    assert read_limits(environment) == Limits(
        read_only=True,
        max_queued=0,
        max_epochs=10,
        max_images=2000,
        max_parameters=1_000_000,
        max_storage=500,
        max_upload_mb=3,
    )


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("CVAE_READ_ONLY", "perhaps", "expected 1 or 0"),
        ("CVAE_MAX_QUEUED", "-1", "at least 0"),
        ("CVAE_MAX_EPOCHS", "0", "at least 1"),
        ("CVAE_MAX_EPOCHS", "many", "whole number"),
        ("CVAE_MAX_IMAGES", "1.5", "whole number"),
        ("CVAE_MAX_UPLOAD_MB", "0", "at least 1"),
        ("CVAE_MAX_UPLOAD_MB", "inf", "whole number"),
    ],
)
def test_nonsense_is_one_sentence_that_names_the_variable(name: str, text: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_limits({name: text})
    assert caught.value.problem.startswith(f"{name} is {text!r}; expected ")
    assert words in caught.value.problem


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("quick", {}),
        ("quick", {"train_limit": 500}),
        ("quick", {"train_limit": 70_000}),
        ("torn-manifold", {}),
        ("torn-manifold", {"pieces": 3, "points": 7}),
    ],
)
def test_the_size_of_the_data_is_told_without_loading_them(name: str, settings: Settings) -> None:
    config = preset(name).with_settings(settings)
    assert training_size(config.data) == len(load_dataset(config.data).train)


def refusal(limits: Limits, folder: Path, *configs: Any) -> CvaeError:
    with pytest.raises(CvaeError) as caught:
        check_admission(limits, folder, configs)
    return caught.value


def test_too_many_epochs_or_images_are_refused_with_what_to_do(tmp_path: Path) -> None:
    config = preset("quick").with_settings({"epochs": 11})
    check_admission(Limits(max_epochs=11, max_images=60_000), tmp_path, [config])
    told = refusal(Limits(max_epochs=10), tmp_path, config)
    assert str(told) == (
        "This server takes trainings of up to 10 epochs; this one has 11. Set the epochs to 10 or fewer."
    )
    told = refusal(Limits(max_images=59_999), tmp_path, config)
    assert "up to 59,999 training images; this one has 60,000" in str(told)
    points = preset("torn-manifold").with_settings({"points": 30, "pieces": 2})
    assert "up to 59 points; this one has 60" in str(refusal(Limits(max_images=59), tmp_path, points))


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_there_is_room_for_those_that_run_and_those_that_may_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, state: Any
) -> None:
    config, limits = preset("quick"), Limits(max_queued=1)
    with ExitStack() as stack:
        for name in ("one", "two"):
            check_admission(limits, tmp_path, [config])
            stack.enter_context(living_worker(make_run(tmp_path, name, state)))
        told = refusal(limits, tmp_path, config)
        assert isinstance(told, RunBusyError)
        assert "trains 1 at once and lets 1 wait; 2 are under way or waiting already" in str(told)
        monkeypatch.setenv("CVAE_MAX_WORKERS", "2")
        check_admission(limits, tmp_path, [config])
        check_admission(limits, tmp_path, [preset("torn-manifold"), preset("torn-manifold-conditional")])
    make_run(tmp_path, "ended", "finished")
    check_admission(limits, tmp_path, [config])


def test_trainings_that_start_together_need_room_for_all(tmp_path: Path) -> None:
    pair = [preset("torn-manifold"), preset("torn-manifold-conditional")]
    check_admission(Limits(max_queued=0), tmp_path, pair)
    refusal(Limits(max_queued=0), tmp_path, *pair, pair[0])


@pytest.mark.parametrize("change", [lambda limits: setattr(limits, "read_only", True)])
def test_limits_never_change(change: Callable[[Limits], None]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        change(Limits())


def test_a_file_is_as_large_as_is_usual_and_as_the_server_allows() -> None:
    assert [largest_upload_mb(Limits(max_upload_mb=most), 5) for most in (None, 3, 9)] == [5, 3, 5]
    check_upload(Limits(max_upload_mb=3), 5, 3 * 2**20)
    with pytest.raises(DataError, match=r"up to 3 MB; this one has 3\.5 MB"):
        check_upload(Limits(max_upload_mb=3), 5, 7 * 2**19)
    with pytest.raises(DataError, match="up to 5 MB"):
        check_upload(Limits(), 5, 5 * 2**20 + 1)
