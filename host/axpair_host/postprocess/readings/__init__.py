"""Reading hypotheses: the ways in which right outputs are read wrongly, and which of them explains a decision."""

from axpair_host.postprocess.readings.answering import try_readings

__all__ = ["try_readings"]
