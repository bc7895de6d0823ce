"""Generated messages and services of the wire protocol `axpair.v1`."""
