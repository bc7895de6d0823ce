"""What several kinds of attacks need."""
