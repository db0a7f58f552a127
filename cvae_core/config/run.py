"""The configuration of a run, as in its ``config.json``: data, model and training settings of one model kind."""

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
    ToyDataConfig,
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
    "ToyDataConfig",
    "TrainConfig",
    "TrainSettings",
    "check_schema_version",
    "section_of",
]

SCHEMA_VERSION: Final = 1

_Side = Annotated[int, Field(ge=1, le=4096)]
DataSettings = DataConfig | ToyDataConfig
ModelSettings = ModelConfig | AutoencoderConfig
TrainSettings = TrainConfig | AutoencoderTrainConfig

SECTIONS: Final[dict[str, type[Settings]]] = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}
SECTIONS_OF: Final = Registry[dict[str, type[Settings]]]("model kind")
SECTIONS_OF.register("cvae", SECTIONS)
SECTIONS_OF.register(
    "autoencoder", {"data": ToyDataConfig, "model": AutoencoderConfig, "train": AutoencoderTrainConfig}
)


class DataFacts(Settings):
    """What a run keeps about its data, so that it opens where they are not installed.

    Attributes:
        image_shape: (height, width, channels); 1, 2, 1 for points of the plane.
        class_names: One for each label, in order.
        sha256: Of the data; empty if unknown.
    """

    image_shape: tuple[_Side, _Side, _Side]
    class_names: tuple[str, ...] = Field(min_length=1, max_length=1000)
    sha256: str = Field("", max_length=64)


class RunConfig(Settings):
    """All that a worker needs to know.

    ``SECTIONS_OF`` has the section classes of each model kind. A file without a kind is that of a CVAE.

    Attributes:
        schema_version: Version of the file format.
        preset: Name of the preset that the settings started from; empty if none.
        data, model, train: The sections.
        data_facts: About the data; ``None`` before the run is made, and in runs of earlier versions.

    Raises:
        ConfigError: A setting is unknown or out of range, or the sections do not belong to one model kind.
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
        """Build each section with the class and the defaults of the model's kind."""
        built = dict(values)
        model = values.get("model")
        kind = model.get("kind") if isinstance(model, dict) else getattr(model, "kind", None)
        for name, section in SECTIONS_OF.get(kind if isinstance(kind, str) else "cvae").items():
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
                f"The model {self.model.kind} cannot learn the data set {self.data.dataset}.", WHAT_GOES_TOGETHER
            )
        if not isinstance(self.train, expected["train"]):
            raise ConfigError(f"The training settings belong to another model than {self.model.kind}.")
        return self

    @property
    def learns_points(self) -> bool:
        """Whether the run learns toy data instead of images."""
        return isinstance(self.data, ToyDataConfig)

    def to_json(self) -> str:
        """The configuration as indented JSON text."""
        excluded = {"data_facts"} if self.data_facts is None else None
        return self.model_dump_json(indent=2, exclude=excluded) + "\n"

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
        """A copy, without ``data_facts``, with some settings replaced.

        Args:
            settings: Field name (``latent_dim``, ``epochs``, ...) -> new value; text is parsed as the field's type.

        Raises:
            ConfigError: A name is unknown or a value is out of range.
        """
        changes: dict[str, dict[str, Any]] = {"data": {}, "model": {}, "train": {}}
        for name, value in settings.items():
            changes[section_of(name, self.model.kind)][name] = value
        parts: dict[str, Any] = {}
        for section, changed in changes.items():
            before: Settings = getattr(self, section)
            parts[section] = type(before)(**{**before.model_dump(), **changed}) if changed else before
        return type(self)(schema_version=self.schema_version, preset=self.preset, **parts)


def section_of(setting: str, kind: str = "cvae") -> str:
    """The section ("data", "model" or "train") of a setting, for a model kind.

    Raises:
        ConfigError: There is no such setting.
    """
    sections = SECTIONS_OF.get(kind)
    for section, fields in sections.items():
        if setting in fields.model_fields:
            return section
    known = ", ".join(name for fields in sections.values() for name in fields.model_fields if name != "kind")
    raise ConfigError(f"There is no setting {setting!r}.", f"The settings are: {known}.")


def check_schema_version(values: dict[str, Any], what: str) -> None:
    """Refuse a file of a newer version, or one without a version.

    Args:
        values: The parsed file.
        what: The file, as the first words of a sentence.

    Raises:
        ConfigError: ``schema_version`` is missing, not a whole number, or newer than ``SCHEMA_VERSION``.
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
