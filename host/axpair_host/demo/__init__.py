"""The whole story on a real model, with nothing but this machine: what a healthy board, a stale one and a wrong
post-processor look like."""
