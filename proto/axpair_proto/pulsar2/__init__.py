"""pulsar2's configuration (BuildConfig): its schema, and reading its relaxed JSON. Needs msgspec."""
