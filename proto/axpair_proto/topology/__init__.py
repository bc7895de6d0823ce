"""The schema of topo.bin inside a .joint."""
