"""The integer-exact executor: what the emulated board computes, bit for bit the same on every CPU."""
