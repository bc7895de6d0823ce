"""The process that touches the vendor's runtime: Python 3.9 and later, standard library only.

Runs as `python -m axpair_agent.worker` beside the agent, or as one file on a board that is reached over SSH.
"""

WORKER_PROTOCOL = 3
"""Raised whenever the frames between agent and worker change their meaning."""
