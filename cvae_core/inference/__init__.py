"""The network at inference, in NumPy alone."""

from cvae_core.inference.folded import Affine, FoldedNetwork

__all__ = ["Affine", "FoldedNetwork"]
