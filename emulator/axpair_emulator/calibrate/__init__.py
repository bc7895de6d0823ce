"""Calibration: samples one at a time through the float model, ranges from what was seen."""
