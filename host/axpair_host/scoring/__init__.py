"""Scores of layers: what each loses, what of it is its own, and why; for commands, experiments and rules alike."""
