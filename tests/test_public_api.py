"""What others import: it is there, typed, and loads TensorFlow only when it trains."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import cvae_core
from cvae_core.errors import RunError

LIGHT = """
import sys
import cvae_core
from cvae_core import *
assert set(cvae_core.__all__) <= set(dir(cvae_core))
assert (presets.quick().preset, __version__) == ("quick", sys.argv[1])
load_dataset(presets.quick().data)
"""
FOREIGN = """
from cvae_core import load_dataset, load_run, presets, train
config = presets.quick().with_settings({"epochs": 5})
reveal_type([config, load_dataset(config.data), load_run("a"), train])
for event in train("config", load_dataset(config.data)): ...
presets.nosuch()
from cvae_core import nosuch
"""


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=cwd, capture_output=True, text=True)


def test_a_run_that_is_no_text_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="The name of a run should be text; it is 5"):
        cvae_core.load_run(5, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(RunError) as caught:
        cvae_core.load_run("missing", tmp_path)
    assert "page" not in str(caught.value)


def test_all_but_training_comes_without_tensorflow() -> None:
    script = LIGHT.replace(
        "from cvae_core import *", "from cvae_core import __version__, load_dataset, load_run, presets"
    )
    ended = run("-c", f"{script}\nassert not {{'tensorflow', 'keras'}} & set(sys.modules)", version("cvae-laboratory"))
    assert ended.returncode == 0, ended.stderr


def test_a_star_import_gives_every_public_name() -> None:
    ended = run("-c", LIGHT, cvae_core.__version__)
    assert ended.returncode == 0, ended.stderr


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="nosuch"):
        _ = cvae_core.nosuch  # type: ignore[attr-defined]


@pytest.mark.parametrize("command", [["-m", "cvae_core"], ["-c", "from cvae_core.cli import main; main()"]])
def test_the_command_tells_its_version(command: list[str]) -> None:
    assert run(*command, "--version").stdout == f"cvae {version('cvae-laboratory')}\n"


@pytest.mark.slow
def test_type_checkers_of_other_projects_see_our_types(tmp_path: Path) -> None:
    (tmp_path / "foreign.py").write_text(FOREIGN)
    said = run("-m", "mypy", "--strict", "foreign.py", cwd=tmp_path).stdout
    assert "Found 3 errors in 1 file" in said, said
    for words in (
        'note: Revealed type is "list[object]"',
        'Argument 1 to "train" has incompatible type "str"; expected "RunConfig"',
        'Module has no attribute "nosuch"',
        'Module "cvae_core" has no attribute "nosuch"',
    ):
        assert words in said, said
