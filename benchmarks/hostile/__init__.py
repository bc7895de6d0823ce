"""Attacks on axpair by kind: `python -m benchmarks hostile [--count N] [--seed N] [--python PATH] [KIND ...]`."""

from benchmarks.hostile.campaign import main

__all__ = ["main"]
