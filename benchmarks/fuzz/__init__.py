"""Hostile inputs by the thousand: `python -m benchmarks fuzz [--count N] [--seed N] [prototxt|onnx|joint|tar ...]`."""

from benchmarks.fuzz.campaign import main

__all__ = ["main"]
