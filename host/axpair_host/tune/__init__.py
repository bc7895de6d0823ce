"""Tries what the vendor's guide recommends against a loss of accuracy: strategies, observers, calibration sizes and
sets, 16 bit in the worst layers. Each trial is a model built by a simulator, held against the float model on the
user's cases.
"""
