"""How good a trained network is: its accuracy in recognising labels, and how well it keeps handwriting style."""

from cvae_core.evaluation.report import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
