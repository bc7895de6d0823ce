"""The emulated board: memory, caches and driver around the cmodel, each a place where its faults can happen."""
