"""What was gathered about one case: the record (pair.json) and the tensors beside it. Nothing in here judges."""
