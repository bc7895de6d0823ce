"""Stands in for the Pulsar toolchain and for the board: build, prepare, reference, cmodel and faults."""
