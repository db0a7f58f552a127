"""Films over the epochs of a run, and single pictures, as files."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from PIL import Image

from cvae_core.errors import CvaeError, ExportError, ExportStoppedError
from cvae_core.export.animation import FilmWriter, film_writer
from cvae_core.export.output import published_together
from cvae_core.export.pictures import Picture, picture
from cvae_core.export.settings import FilmFormat, PictureSettings
from cvae_core.export.trained_run import TrainedRun
from cvae_core.inference.folded import FoldedNetwork
from cvae_core.short_repr import short_repr

Progress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]

_PNG_COMPRESSION: Final = 6


@dataclass(frozen=True)
class Film:
    """A film to be written.

    Attributes:
        settings: What each of its frames shows.
        stream: Where it goes; for WebP one that can go back to its beginning.
        film_format: The form of the file.
    """

    settings: PictureSettings
    stream: BinaryIO
    film_format: FilmFormat = "gif"

    __repr__ = short_repr


@dataclass(frozen=True)
class FilmReport:
    """What became of some films.

    Attributes:
        epochs: Of the frames of each.
        skipped: Epochs whose snapshots are damaged, which were left out.
        seconds: Wall-clock time.
    """

    epochs: tuple[int, ...]
    skipped: tuple[int, ...]
    seconds: float

    __repr__ = short_repr


def film_frames(
    trained: TrainedRun, settings: PictureSettings, *, skip_damaged: bool = False
) -> Iterator[tuple[int, Image.Image]]:
    """The frames of a film, painted one by one as they are asked for.

    Args:
        trained: The run.
        settings: What each frame shows.
        skip_damaged: Whether to leave out epochs whose snapshots are damaged.

    Yields:
        An epoch and its frame, of mode "L" or "RGB".

    Raises:
        ExportError: A snapshot is damaged; there are too few images of a label.
        ConfigError: A label is out of range.
    """
    shown = picture(trained, settings, for_print=False)
    for epoch, network in _networks(trained, skip_damaged):
        if network is not None:
            yield epoch, shown.paint(network, epoch)


def write_film_files(
    trained: TrainedRun,
    films: Sequence[tuple[PictureSettings, Path]],
    film_format: FilmFormat,
    *,
    skip_damaged: bool = False,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> FilmReport:
    """Write films into files as they come; what fails half-way leaves half a file.

    Args:
        trained: The run.
        films: What each shows, and its file.
        film_format: The form of the files.
        skip_damaged: As in ``write_films``.
        progress: As in ``write_films``.
        should_stop: As in ``write_films``.

    Raises:
        CvaeError: As in ``write_films``.
        OSError: A file cannot be written.
    """
    with ExitStack() as opened:
        wanted = [Film(shown, opened.enter_context(path.open("wb")), film_format) for shown, path in films]
        return write_films(trained, wanted, skip_damaged=skip_damaged, progress=progress, should_stop=should_stop)


def write_films(
    trained: TrainedRun,
    films: Sequence[Film],
    *,
    skip_damaged: bool = False,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> FilmReport:
    """Write films over all snapshots of a run side by side, so that each snapshot is read once.

    Args:
        trained: The run.
        films: The films; none of them takes memory for more than two frames.
        skip_damaged: Whether to leave out epochs whose snapshots are damaged.
        progress: Told after each frame how many are done, and of how many.
        should_stop: Asked before each frame.

    Raises:
        ExportError: A snapshot is damaged, or all are; there are too few images of a label.
        ExportStoppedError: ``should_stop`` said so; the streams hold part of a film.
        ConfigError: A label is out of range.
        OSError: A stream cannot be written.
    """
    begun = time.perf_counter()
    shown = [picture(trained, film.settings, for_print=False) for film in films]
    writers = [_writer(film, image) for film, image in zip(films, shown, strict=True)]
    done, total = 0, len(films) * len(trained.epochs)
    epochs: list[int] = []
    skipped: list[int] = []
    for epoch, network in _networks(trained, skip_damaged):
        (skipped if network is None else epochs).append(epoch)
        for image, writer in zip(shown, writers, strict=True):
            if should_stop():
                raise ExportStoppedError
            if network is not None:
                writer.add(image.paint(network, epoch))
            done += 1
            progress(done, total)
    if not epochs:
        raise ExportError(f"No snapshot of the run {trained.run.id} can be read.")
    for writer in writers:
        writer.close()
    return FilmReport(tuple(epochs), tuple(skipped), time.perf_counter() - begun)


def paint_picture(trained: TrainedRun, settings: PictureSettings, epoch: int | None = None) -> Image.Image:
    """Paint a picture that stands alone.

    Args:
        trained: The run.
        settings: What it shows.
        epoch: After how many epochs; the newest snapshot if ``None``.

    Raises:
        RunNotFoundError: That epoch has no snapshot.
        RunDamagedError: Its snapshot is damaged.
        ExportError: There are too few images of a label.
        ConfigError: A label is out of range.
    """
    chosen = trained.epochs[-1] if epoch is None else epoch
    return picture(trained, settings, for_print=True).paint(trained.network(chosen), chosen)


def save_pictures(
    trained: TrainedRun,
    wanted: Sequence[tuple[PictureSettings, Path]],
    epoch: int | None = None,
    *,
    replace: bool = False,
    progress: Progress = lambda _done, _total: None,
    should_stop: ShouldStop = lambda: False,
) -> None:
    """Paint pictures that stand alone into PNG files, which appear when all of them are whole, or not at all.

    Args:
        trained: The run.
        wanted: What each shows, and its file.
        epoch: As in ``paint_picture``.
        replace: Whether files of these names may be replaced.
        progress: Told after each picture how many are done, and of how many.
        should_stop: Asked before each picture.

    Raises:
        ExportError: A file cannot be written, or its name is taken; there are too few images of a label.
        ExportStoppedError: ``should_stop`` said so.
        RunError: As in ``paint_picture``.
        ConfigError: A label is out of range.
    """
    with published_together([path for _, path in wanted], replace=replace) as drafts:
        for done, ((settings, _), draft) in enumerate(zip(wanted, drafts, strict=True), 1):
            if should_stop():
                raise ExportStoppedError
            with draft.open("wb") as stream:
                paint_picture(trained, settings, epoch).save(stream, "PNG", compress_level=_PNG_COMPRESSION)
            progress(done, len(wanted))


def _networks(trained: TrainedRun, skip_damaged: bool) -> Iterator[tuple[int, FoldedNetwork | None]]:
    """Each epoch and its network; ``None`` if its snapshot is damaged and may be skipped."""
    for epoch in trained.epochs:
        try:
            network = trained.network(epoch)
        except CvaeError as error:
            if not skip_damaged:
                raise _damaged(epoch, error) from error
            yield epoch, None
            continue
        yield epoch, network


def _damaged(epoch: int, error: CvaeError) -> ExportError:
    problem = error.problem if f"epoch {epoch}" in error.problem else f"The snapshot of epoch {epoch}: {error.problem}"
    return ExportError(problem, "Leave out such snapshots with --skip-damaged.")


def _writer(film: Film, image: Picture) -> FilmWriter:
    palette = image.make_palette() if image.make_palette is not None and film.film_format == "gif" else None
    return film_writer(film.stream, film.film_format, palette)
