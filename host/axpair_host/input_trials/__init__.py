"""Other inputs that the NPU may have worked on: the case's bytes, read otherwise than they were written."""
