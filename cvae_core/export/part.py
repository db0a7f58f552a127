"""A process that writes some of the films of a run, for another one that waits for them.

It reads one line of JSON that says which, and answers with lines of JSON: how many frames are done, and in the end a
report or an error. It stops when its standard input says anything more or is closed, so it never outlives who started
it by more than a frame.
"""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cvae_core.errors import CvaeError
from cvae_core.export.animation import FilmFormat
from cvae_core.export.films import write_film_files
from cvae_core.export.settings import PictureSettings, Sources
from cvae_core.export.trained_run import TrainedRun
from cvae_core.runs.directory import Run


def order(
    run: Run, films: Sequence[tuple[PictureSettings, Path]], film_format: FilmFormat, skip_damaged: bool
) -> dict[str, Any]:
    """What to write, as JSON holds it."""
    wanted = [asdict(settings) | {"path": str(path)} for settings, path in films]
    return {"run": str(run.path), "films": wanted, "format": film_format, "skip_damaged": skip_damaged}


def main() -> None:
    """Write the films that standard input asks for."""
    wanted = json.loads(sys.stdin.readline())
    films = [_film(film) for film in wanted["films"]]
    try:
        with _nothing_by_halves([path for _, path in films]):
            _write(wanted, films)
    except CvaeError as error:
        _say({"problem": error.problem, "advice": error.advice})
    except OSError as error:
        _say({"errno": error.errno, "problem": str(error)})


def _write(wanted: dict[str, Any], films: Sequence[tuple[PictureSettings, Path]]) -> None:
    report = write_film_files(
        TrainedRun(Run(Path(wanted["run"]))),
        films,
        wanted["format"],
        skip_damaged=wanted["skip_damaged"],
        progress=lambda done, _total: _say({"done": done}),
        should_stop=_is_unwanted,
    )
    _say({"report": asdict(report)})


@contextmanager
def _nothing_by_halves(paths: Sequence[Path]) -> Iterator[None]:
    """Remove the files if they did not become whole: who asked for them may be gone."""
    try:
        yield
    except BaseException:
        for path in paths:
            with suppress(OSError):
                path.unlink()
        raise


def _film(film: dict[str, Any]) -> tuple[PictureSettings, Path]:
    path = Path(film.pop("path"))
    sources = tuple(Sources(**source) for source in film.pop("sources"))
    return PictureSettings(**film, sources=sources), path


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _is_unwanted() -> bool:
    return bool(select.select([sys.stdin], [], [], 0)[0])


if __name__ == "__main__":
    main()
