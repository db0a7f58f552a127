"""How good a trained network is: the accuracy of its classification, and how well it keeps handwriting style."""

from cvae_core.evaluation.report import Evaluation, evaluate

__all__ = ["Evaluation", "evaluate"]
