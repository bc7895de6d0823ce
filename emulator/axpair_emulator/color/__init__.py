"""Colour spaces: the standards of YUV, pictures into what a joint takes, and the float model's own conversion."""
