"""The engineer's side: command line, boards, comparison, diagnosis and replay."""
