"""The contract between axpair's rooms: wire messages, names, files and the errors that both sides know."""

PROTOCOL_VERSION = 2
"""What host and agent must agree on. Raised with every change of meaning, not with additions."""

MIN_TOKEN_LETTERS = 16
"""A shorter token is refused by agents, and by hosts before it is sent."""

__version__ = "0.1.0"
