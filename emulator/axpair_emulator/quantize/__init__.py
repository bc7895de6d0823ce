"""From ranges and float weights to scales, zero points, integer weights and fixed-point multipliers."""
