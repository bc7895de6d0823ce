"""What lies in a folder, which axpair.toml fits it, and which commands come next (`axpair init`)."""
