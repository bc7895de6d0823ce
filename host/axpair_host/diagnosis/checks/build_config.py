"""Is the configuration given that of this build?"""

from collections.abc import Iterator

from axpair_proto.sentences import joined, say

from axpair_host.diagnosis.finding import Finding, found
from axpair_host.diagnosis.inquiry import Inquiry

CODE = "AX209"
_TOLD = 3


def check(inquiry: Inquiry) -> Iterator[Finding]:
    """AX209: configuration and joint contradict each other. The float outputs were made under the configuration, so
    nothing of the conversion is judged by them."""
    differences = inquiry.evidence.record.config_differences
    if not differences:
        return
    rest = len(differences) - _TOLD
    yield found(
        CODE,
        say(
            "the configuration given isn't the one that this joint was built with: {differences}",
            differences=joined("; ", differences[:_TOLD]),
        )
        + (say("; and {rest} more", rest=rest) if rest > 0 else ""),
        {"differences": list(differences)},
        proven=True,
        outputs=tuple(output.name for output in inquiry.outputs),
        settles=("conversion",),
    )
