"""The user's post-processor: a suspect of its own, run on every leg so that its decisions can be held side by side."""

from axpair_host.postprocess.applying import apply
from axpair_host.postprocess.expect import parse_expect, parse_expected, parse_observed
from axpair_host.postprocess.loading import Postprocessor, load, wants_board

__all__ = ["Postprocessor", "apply", "load", "parse_expect", "parse_expected", "parse_observed", "wants_board"]
