"""Diagnosis: from evidence to a verdict. No board, no simulator, no files in here but those of the evidence.

`driver.diagnose` walks the `ladder` of questions; each is answered by a small check in `checks/`, a function of an
`inquiry.Inquiry`. A check that needs another run returns `asks.Wants`, which stored evidence leaves open and a live
session fulfils.
"""

from axpair_host.diagnosis.driver import diagnose
from axpair_host.diagnosis.finding import Finding
from axpair_host.diagnosis.settings import Settings
from axpair_host.diagnosis.verdict import Verdict

__all__ = ["Finding", "Settings", "Verdict", "diagnose"]
