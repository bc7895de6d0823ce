"""The least that still shows what is wrong: of a run its cases, of a case on a board the part of its model."""
