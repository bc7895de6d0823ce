"""A folder of BadCases through one model on one board: discovery, the run's store, the loop, the summary."""
