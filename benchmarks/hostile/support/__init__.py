"""What several kinds of attack need."""
