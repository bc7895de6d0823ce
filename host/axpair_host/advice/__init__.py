"""What is proposed next: steps whose commands are written once and filled with what is known of a case."""
