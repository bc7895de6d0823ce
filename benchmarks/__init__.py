"""Ratios measured side by side, interleaved in one process; never a timed test: `python -m benchmarks [NAME ...]`."""
