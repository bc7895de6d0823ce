"""The float model: loading, pinning its shapes, simplifying it, and a plain typed view of its nodes."""
