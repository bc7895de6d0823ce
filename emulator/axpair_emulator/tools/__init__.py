"""Drop-in commands: programs that look to a user and to a script like the vendor's `pulsar` and `run_joint`."""
