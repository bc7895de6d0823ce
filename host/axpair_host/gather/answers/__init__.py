"""Answers to what a check asks for while simulator and board are at hand: one file for each kind of ask.

An answer writes what it finds into the gt folder and returns the record with it; None where it can't be had.
"""
