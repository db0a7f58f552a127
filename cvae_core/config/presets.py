"""Ready-made configurations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from cvae_core.config.run import AutoencoderConfig, ModelConfig, RunConfig, TrainConfig
from cvae_core.errors import ConfigError


def tutorial() -> RunConfig:
    """Exactly the network and the training of "Autoencoders in Keras, part 4: Conditional VAE"."""
    return RunConfig(preset="tutorial", model=ModelConfig(), train=TrainConfig())


def quick() -> RunConfig:
    """Good images in about half a minute on two cores: with seed 0, 104.1 nats per test image after 23 s.

    On the machine measured, an epoch of the tutorial's network takes Keras's ``fit`` 2.2 s.
    """
    return RunConfig(
        preset="quick",
        model=_smooth((256,)),
        train=TrainConfig(epochs=20, batch_size=250, learning_rate=3e-3, learning_rate_schedule="cosine"),
    )


def recommended() -> RunConfig:
    """The best held-out ELBO found for 8 latent dimensions in about five minutes on two cores.

    With seed 0: 92.98 nats per test image after 242 s, on the machine of ``quick``. Each of these improved it: GELU, no
    batch normalisation, batches of 250, a peak learning rate of 3e-3, and random shifts of a quarter of the images,
    which prevent overfitting.
    """
    return RunConfig(
        preset="recommended",
        model=_smooth((512, 512)),
        train=TrainConfig(
            epochs=90, batch_size=250, learning_rate=3e-3, learning_rate_schedule="cosine", max_shift=1, shift_rate=0.25
        ),
    )


def torn_manifold() -> RunConfig:
    """The tutorial's ``deep_ae``: a plain autoencoder 2-64-64-1-64-64-2 on toy data of two separate curves."""
    return RunConfig(preset="torn-manifold", model=AutoencoderConfig())


def torn_manifold_conditional() -> RunConfig:
    """The same with the label, as one number, given to encoder and decoder."""
    return RunConfig(preset="torn-manifold-conditional", model=AutoencoderConfig(conditional=True))


def _smooth(hidden_widths: tuple[int, ...]) -> ModelConfig:
    """GELU, without dropout and batch normalisation: it learns fastest."""
    return ModelConfig(
        hidden_widths=hidden_widths,
        encoder_activation="gelu",
        decoder_activation="gelu",
        dropout_rate=0.0,
        batch_normalization="none",
    )


PRESETS: Final[dict[str, Callable[[], RunConfig]]] = {
    "quick": quick,
    "recommended": recommended,
    "tutorial": tutorial,
}
TOY_PRESETS: Final[dict[str, Callable[[], RunConfig]]] = {
    "torn-manifold": torn_manifold,
    "torn-manifold-conditional": torn_manifold_conditional,
}
_ALL: Final = PRESETS | TOY_PRESETS


def preset(name: str) -> RunConfig:
    """The configuration of a preset: "quick", "recommended" or "tutorial" for images, or one of those for toy data.

    Raises:
        ConfigError: There is no preset of that name.
    """
    if name not in _ALL:
        raise ConfigError(f"There is no preset {name!r}.", f"The presets are: {', '.join(_ALL)}.")
    return _ALL[name]()


class Presets(Mapping[str, RunConfig]):
    """The presets by name, read-only: ``presets["quick"]``, or ``presets.quick()``."""

    quick = staticmethod(quick)
    recommended = staticmethod(recommended)
    tutorial = staticmethod(tutorial)
    torn_manifold = staticmethod(torn_manifold)
    torn_manifold_conditional = staticmethod(torn_manifold_conditional)

    def __getitem__(self, name: str) -> RunConfig:
        return _ALL[name]()

    def __iter__(self) -> Iterator[str]:
        return iter(_ALL)

    def __len__(self) -> int:
        return len(_ALL)

    def __repr__(self) -> str:
        return f"<presets: {', '.join(self)}>"


presets: Final = Presets()
