"""A process that writes some of the films of a run, for another one that waits for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from cvae_core.errands import answer, is_unwanted, tell
from cvae_core.export.films import write_film_files
from cvae_core.export.settings import FilmFormat, PictureSettings
from cvae_core.export.trained_run import TrainedRun
from cvae_core.runs.directory import Run

MODULE: Final = "cvae_core.export.part"


def order(
    run: Run, films: Sequence[tuple[PictureSettings, Path]], film_format: FilmFormat, skip_damaged: bool
) -> dict[str, Any]:
    """What to write, as JSON holds it."""
    wanted = [{"settings": settings.to_json(), "path": str(path)} for settings, path in films]
    return {"run": str(run.path), "films": wanted, "format": film_format, "skip_damaged": skip_damaged}


def _write(wanted: dict[str, Any]) -> Mapping[str, Any]:
    films = [(PictureSettings.from_json(film["settings"]), Path(film["path"])) for film in wanted["films"]]
    with _nothing_by_halves([path for _, path in films]):
        report = write_film_files(
            TrainedRun(Run(Path(wanted["run"]))),
            films,
            wanted["format"],
            skip_damaged=wanted["skip_damaged"],
            progress=tell,
            should_stop=is_unwanted,
        )
    return asdict(report)


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


if __name__ == "__main__":
    answer(_write)
