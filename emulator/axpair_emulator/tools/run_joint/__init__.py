"""`run_joint` for the emulated board.

The public source (SDK V0.31_P23) and logs of the program it gives are the model: flags, lines, streams and exit
codes are its own, its traps included. Timings are this machine's; counters stand for the emulated NPU.
"""
