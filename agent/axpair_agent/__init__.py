"""The agent beside the NPU: takes cases over gRPC and has worker processes run them.

This file travels with the worker to boards, so it imports nothing.
"""
