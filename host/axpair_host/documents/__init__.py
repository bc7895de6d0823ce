"""What is written and read as JSON: a module for each document, of structs with the document's keys, in its order.

Commands build these structs, `axpair_host.render` shows them, and `json_form` makes of them what is written. Nothing
here imports another room.
"""

from typing import Literal

VerdictWord = Literal["PASS", "FAULT", "INCONCLUSIVE"]
"""What a document comes to."""
