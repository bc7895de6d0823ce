"""What `build` leaves behind: the .joint and the .lava_joint, written whole and read back with care."""
