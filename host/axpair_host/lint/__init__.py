"""The configuration against the model and the calibration set, before anything runs. Nothing in here accuses: every
hint says what would prove it.

`declared` reads the configuration, `dataset` a calibration set; each other module is one kind of question, from facts
to hints. `linting` asks them all.
"""
