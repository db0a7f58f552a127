"""The errors that this project raises on purpose, with ``CvaeError`` at their root.

Every one of them is written for the person who meets it: ``str(error)`` says what was expected, what came,
and what to do, in plain words. Pages and the command line show that text and nothing else.
"""


class CvaeError(Exception):
    """An expected failure, told in one or two sentences.

    Args:
        problem: What was expected and what came, as a full sentence.
        advice: What the person can do about it, as a full sentence. May be empty.
        on_page: What a page says instead, where it has other words than the command line.
    """

    def __init__(self, problem: str, advice: str = "", on_page: str = "") -> None:
        super().__init__(f"{problem} {advice}".strip())
        self.problem = problem
        self.advice = advice
        self.on_page = on_page or str(self)

    def __reduce__(self) -> tuple[type, tuple[str, str, str]]:
        return type(self), (self.problem, self.advice, self.on_page)


class ConfigError(CvaeError):
    """A setting, preset or configuration file is not valid."""


class DataError(CvaeError):
    """A data set is unknown, damaged, or not what was expected."""


class DataUnavailableError(DataError):
    """A data set would have to be downloaded and cannot be."""


class WeightsError(CvaeError):
    """Weights do not fit the architecture that they are given for."""


class TrainingError(CvaeError):
    """Training cannot go on."""


class DivergedError(TrainingError):
    """The loss became NaN or infinite.

    Args:
        epoch: The epoch under way, counted from 1.
        remedies: What the configuration does not have yet and could help, as objects of "Try".
    """

    def __init__(self, epoch: int, remedies: tuple[str, ...] = ("a smaller learning rate",)) -> None:
        *first, last = remedies
        advice = f"{', '.join(first)} or {last}" if first else last
        super().__init__(f"The loss became NaN or infinite in epoch {epoch}.", f"Try {advice}.")
        self.epoch = epoch
        self.remedies = remedies

    def __reduce__(self) -> tuple[type, tuple[int, tuple[str, ...]]]:  # type: ignore[override]
        return type(self), (self.epoch, self.remedies)


class RunError(CvaeError):
    """A run, or the folder of runs, cannot be used as asked."""


class RunNotFoundError(RunError):
    """There is no run of that name."""


class RunBusyError(RunError):
    """The run has a living worker, so it can be neither started again nor deleted."""


class RunDamagedError(RunError):
    """A file of a run is missing, truncated, of another form, or of a newer version."""


class RunTooNewError(RunDamagedError):
    """A newer version of this software wrote a file of the run, which must be left as it is."""


class ArchiveError(RunError):
    """The archive of a run is damaged, holds what it should not, or contradicts itself."""


class StorageError(RunError):
    """The disk is full, or a folder cannot be written."""


class ReadOnlyError(CvaeError):
    """The server lets its visitors look at runs and change nothing."""

    def __init__(self) -> None:
        super().__init__(
            "This laboratory is read-only: runs can be looked at, and nothing can be changed.",
            "Start one of your own with `cvae dashboard`.",
        )

    def __reduce__(self) -> tuple[type, tuple[()]]:  # type: ignore[override]
        return type(self), ()


class ServerBusyError(CvaeError):
    """The server is at work for as many of its visitors as it can be."""

    def __init__(self) -> None:
        super().__init__("This server is at work for others just now.", "Try again in a moment.")

    def __reduce__(self) -> tuple[type, tuple[()]]:  # type: ignore[override]
        return type(self), ()


class StoppedError(CvaeError):
    """Someone asked to stop."""

    def __init__(self, problem: str = "Stopped.") -> None:
        super().__init__(problem)

    def __reduce__(self) -> tuple[type, tuple[str]]:  # type: ignore[override]
        return type(self), (self.problem,)


class ExportError(CvaeError):
    """A picture or film cannot be made, or its file cannot be written."""


class ExportStoppedError(ExportError):
    """Someone asked to stop; nothing was written."""

    def __init__(self) -> None:
        super().__init__("Stopped; nothing was written.")

    def __reduce__(self) -> tuple[type, tuple[()]]:  # type: ignore[override]
        return type(self), ()
