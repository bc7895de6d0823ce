"""Two real post-processors, and each of them with the mistakes that people make."""
