"""The presets, the tutorial's to the letter."""

from __future__ import annotations

import pytest

from cvae_core.config.presets import PRESETS, TOY_PRESETS, preset
from cvae_core.config.run import AutoencoderConfig, RunConfig, ToyDataConfig
from cvae_core.errors import ConfigError


def test_the_tutorial_preset_is_the_tutorial() -> None:
    config = preset("tutorial")
    assert config.preset == "tutorial"
    assert config.data.model_dump() == {"dataset": "mnist", "train_limit": None, "test_limit": None}
    assert config.model.model_dump() == {
        "kind": "cvae",
        "conditional": True,
        "latent_dim": 8,
        "hidden_widths": (256,),
        "encoder_activation": "relu",
        "decoder_activation": "leaky_relu",
        "dropout_rate": 0.3,
        "batch_normalization": "after",
        "likelihood": "bernoulli",
    }
    train = config.train
    assert (train.epochs, train.batch_size, train.learning_rate) == (1000, 500, 1e-3)
    assert (train.learning_rate_schedule, train.beta, train.kl_warmup_epochs) == ("constant", 1.0, 0)
    assert (train.max_shift, train.snapshot_schedule) == (0, "tutorial")


@pytest.mark.parametrize("name", sorted(PRESETS | TOY_PRESETS))
def test_a_preset_knows_its_name_and_survives_json(name: str) -> None:
    config = preset(name)
    assert config.preset == name
    assert config.model.conditional == (name != "torn-manifold")
    assert RunConfig.from_json(config.to_json()) == config


def test_the_recommended_preset_keeps_eight_latent_dimensions() -> None:
    assert preset("recommended").model.latent_dim == 8


@pytest.mark.parametrize("name", sorted(TOY_PRESETS))
def test_the_torn_manifold_presets_are_the_tutorial(name: str) -> None:
    config = preset(name)
    assert config.data == ToyDataConfig(noise=0.06, points=1000, distance=0.0, pieces=2)
    assert isinstance(config.model, AutoencoderConfig)
    assert (config.model.hidden_widths, config.model.latent_dim, config.model.label_code) == ((64, 64), 1, "number")
    assert config.model.encoder_activation == config.model.decoder_activation == "elu"
    assert (config.train.epochs, config.train.batch_size, config.train.learning_rate) == (300, 30, 1e-3)
    assert config.train.learning_rate_schedule == "constant"


def test_an_unknown_preset_is_refused_and_the_known_ones_are_offered() -> None:
    with pytest.raises(
        ConfigError, match=r"no preset 'best'\. The presets are: .*quick.*recommended.*tutorial.*torn-manifold"
    ):
        preset("best")
