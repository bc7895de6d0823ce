"""The fault book: data, one entry a code, read by findings, `axpair explain` and the documents."""

from axpair_host.codebook.book import entries, find, near_misses
from axpair_host.codebook.entry import Entry

__all__ = ["Entry", "entries", "find", "near_misses"]
