"""Times of training, snapshots and decoding beside the usual ways of doing the same."""

from cvae_core.bench.report import BenchReport, bench

__all__ = ["BenchReport", "bench"]
