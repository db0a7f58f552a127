"""How good a trained network is at what it was not trained for: telling digits apart, and keeping their style."""

from cvae_core.evaluation.report import Judgement, judge

__all__ = ["Judgement", "judge"]
