"""Boards as the host sees them: addresses, agents started for us, and sessions over gRPC.

`opening.open_board(url)` gives a `client.Board`; `Board.load(joint)` a `loaded.LoadedModel`; `LoadedModel.run(cases)`
yields every round's answer over one long-lived stream. The emulator goes the same way as every other board.
"""
