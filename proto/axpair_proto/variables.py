"""Environment variables for the programs of users and vendors: ours without our secrets. Python 3.9."""

import re
from collections.abc import Mapping

SECRET = re.compile(r"AXPAIR_\w*(TOKEN|PASSWORD|PASSPHRASE|SECRET|KEY)\w*", re.IGNORECASE)
"""Ours that hold a secret, today's (AXPAIR_TOKEN, AXPAIR_SSH_PASSWORD) and tomorrow's."""


def without_secrets(variables: Mapping[str, str]) -> dict[str, str]:
    """All but those. What else a program needs nobody can list, so nothing else is taken away."""
    return {name: value for name, value in variables.items() if not SECRET.fullmatch(name)}
