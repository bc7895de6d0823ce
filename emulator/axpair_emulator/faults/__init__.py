"""Faults that can be injected, each in the layer of the emulated board where it would really happen."""
