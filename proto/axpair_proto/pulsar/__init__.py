"""The Pulsar configuration: its schema, and reading its text form strictly."""
