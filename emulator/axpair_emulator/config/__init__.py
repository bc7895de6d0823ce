"""The configuration: config.prototxt, flags and model become one typed BuildConfig, and that becomes text again."""
