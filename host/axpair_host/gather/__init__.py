"""Gathering: everything about a case that can be known without judging, written into a gt folder.

`prepare` makes the inputs (or takes them from a gt folder), `simulate` the simulated legs, `board_leg` runs the board
or reads a finished run, `storing` writes all of it; `gathering.gather` is the four in a row, for one case.
`live.LiveAsks` fetches more where a check of the diagnosis wants it.
"""
