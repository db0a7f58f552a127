"""Every setting of a run: validated when built, never changed afterwards, and the same after a trip through JSON.

There are two kinds of runs, each with sections of its own: a CVAE that learns images, and an autoencoder that learns
the torn manifold.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Self

from pydantic import Field, SerializeAsAny, field_validator, model_validator

from cvae_core.config.fields import (
    SEED_LIMIT,
    Activation,
    BatchNormalization,
    LabelCode,
    LearningRateSchedule,
    Settings,
    SnapshotSchedule,
    format_value,
)
from cvae_core.config.models import (
    WHAT_GOES_TOGETHER,
    AutoencoderConfig,
    AutoencoderTrainConfig,
    DataConfig,
    ModelConfig,
    TornManifoldConfig,
    TrainConfig,
)
from cvae_core.errors import ConfigError
from cvae_core.plugins import Registry

__all__ = [
    "SCHEMA_VERSION",
    "SECTIONS",
    "SECTIONS_OF",
    "SEED_LIMIT",
    "Activation",
    "AutoencoderConfig",
    "AutoencoderTrainConfig",
    "BatchNormalization",
    "DataConfig",
    "DataFacts",
    "DataSettings",
    "LabelCode",
    "LearningRateSchedule",
    "ModelConfig",
    "ModelSettings",
    "RunConfig",
    "SnapshotSchedule",
    "TornManifoldConfig",
    "TrainConfig",
    "TrainSettings",
    "check_schema_version",
    "section_of",
]

SCHEMA_VERSION: Final = 1

_Side = Annotated[int, Field(ge=1, le=4096)]
DataSettings = DataConfig | TornManifoldConfig
ModelSettings = ModelConfig | AutoencoderConfig
TrainSettings = TrainConfig | AutoencoderTrainConfig

SECTIONS: Final[dict[str, type[Settings]]] = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}
SECTIONS_OF: Final = Registry[dict[str, type[Settings]]]("model kind")
SECTIONS_OF.register("cvae", SECTIONS)
SECTIONS_OF.register(
    "autoencoder", {"data": TornManifoldConfig, "model": AutoencoderConfig, "train": AutoencoderTrainConfig}
)


class DataFacts(Settings):
    """What of the data is needed to open a run where they are not installed.

    Attributes:
        image_shape: (height, width, channels); 1, 2, 1 for points of the plane.
        class_names: One for each label, in order.
        sha256: Checksum of the data, 64 hexadecimal digits; empty if it was not known when the run was made.
    """

    image_shape: tuple[_Side, _Side, _Side]
    class_names: tuple[str, ...] = Field(min_length=1, max_length=1000)
    sha256: str = Field("", max_length=64)


class RunConfig(Settings):
    """All that a worker needs to know, as it stands in the ``config.json`` of a run.

    The kind of the model decides of which class each section is: ``SECTIONS_OF`` tells. A file from before there were
    kinds of sections is one of a CVAE and reads as ever.

    Attributes:
        schema_version: Version of this file's form.
        preset: Name of the preset that the settings started from; empty if none.
        data: What to learn from.
        model: Which network.
        train: How to train.
        data_facts: What a run says of its data; ``None`` before it is made, and in runs of earlier versions.

    Raises:
        ConfigError: A setting is unknown or out of range, or the sections do not go together.
    """

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1, le=SCHEMA_VERSION)
    preset: str = Field("", max_length=100)
    data: DataSettings = DataConfig()
    model: SerializeAsAny[ModelSettings] = ModelConfig()
    train: TrainSettings = TrainConfig()
    data_facts: DataFacts | None = None

    @model_validator(mode="before")
    @classmethod
    def _sections_by_kind(cls, values: dict[str, Any]) -> dict[str, Any]:
        """Build each section as the one of the model's kind, with that kind's defaults where it is missing."""
        built = dict(values)
        for name, section in SECTIONS_OF.get(_kind_of(values.get("model"))).items():
            given = values.get(name, {})
            built[name] = section(**given) if isinstance(given, dict) else given
        return built

    @field_validator("data", "model", "train", mode="before")
    @classmethod
    def _is_section(cls, value: Any) -> Any:
        if not isinstance(value, Settings):
            raise ValueError("no settings")
        return value

    @model_validator(mode="after")
    def _sections_go_together(self) -> Self:
        expected = SECTIONS_OF.get(self.model.kind)
        if not isinstance(self.data, expected["data"]):
            raise ConfigError(
                f"The data set {self.data.dataset} does not go with the model {self.model.kind}.", WHAT_GOES_TOGETHER
            )
        if not isinstance(self.train, expected["train"]):
            raise ConfigError(f"The settings of the training are not those of the model {self.model.kind}.")
        return self

    @property
    def learns_points(self) -> bool:
        """Whether the run learns the toy data set, and not images."""
        return isinstance(self.data, TornManifoldConfig)

    def to_json(self) -> str:
        """The configuration as indented JSON text."""
        left_out = {"data_facts"} if self.data_facts is None else None
        return self.model_dump_json(indent=2, exclude=left_out) + "\n"

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        """Read what ``to_json`` wrote.

        Raises:
            ConfigError: The text is not JSON, is of a newer schema, or a setting is unknown or out of range.
        """
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            raise ConfigError("The configuration is not valid JSON.") from None
        if not isinstance(values, dict):
            raise ConfigError("The configuration should be a JSON object.")
        check_schema_version(values, "The configuration")
        return cls(**values)

    def with_settings(self, settings: dict[str, Any]) -> Self:
        """A copy with some settings replaced, each named by its field alone (``latent_dim``, ``epochs``, ...).

        It carries no facts about the data, as these may be others.

        Args:
            settings: Field name -> new value; text is parsed as the field's type.

        Raises:
            ConfigError: A name is unknown or a value is out of range.
        """
        parts: dict[str, Any] = {"data": self.data, "model": self.model, "train": self.train}
        changes: dict[str, dict[str, Any]] = {section: {} for section in parts}
        for name, value in settings.items():
            changes[section_of(name, self.model.kind)][name] = value
        for section, changed in changes.items():
            if changed:
                parts[section] = type(parts[section])(**{**parts[section].model_dump(), **changed})
        return type(self)(schema_version=self.schema_version, preset=self.preset, **parts)


def _kind_of(model: Any) -> str:
    """The kind that a model section names, in whatever form it comes; "cvae" if it names none, as in old files."""
    kind = model.get("kind") if isinstance(model, dict) else getattr(model, "kind", None)
    return kind if isinstance(kind, str) else "cvae"


def section_of(setting: str, kind: str = "cvae") -> str:
    """The section ("data", "model" or "train") that a setting belongs to.

    Args:
        setting: Its name.
        kind: Of the model.

    Raises:
        ConfigError: No section of that kind has a setting of that name.
    """
    sections = SECTIONS_OF.get(kind)
    for section, fields in sections.items():
        if setting in fields.model_fields:
            return section
    known = ", ".join(name for fields in sections.values() for name in fields.model_fields if name != "kind")
    raise ConfigError(f"There is no setting {setting!r}.", f"The settings are: {known}.")


def check_schema_version(values: dict[str, Any], what: str) -> None:
    """Refuse a file that a newer version of this software wrote.

    Args:
        values: The parsed file, with its ``schema_version``.
        what: What the file is, to start the sentence with.

    Raises:
        ConfigError: The version is missing, not a whole number, or newer than ``SCHEMA_VERSION``.
    """
    version = values.get("schema_version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ConfigError(
            f"{what} has no valid schema_version (expected {SCHEMA_VERSION}, got {format_value(version)})."
        )
    if version > SCHEMA_VERSION:
        raise ConfigError(
            f"{what} is of schema version {format_value(version)}; this software reads up to {SCHEMA_VERSION}.",
            "Update the software to open it.",
        )
