"""One case from the user's files to a filled gt folder."""

from collections.abc import Callable
from pathlib import Path

from axpair_proto.simulator import Simulator

from axpair_host.boards.loaded import LoadedModel
from axpair_host.evidence.record import Record
from axpair_host.gather.prepare import PreparedCase
from axpair_host.gather.request import GatherRequest
from axpair_host.progress import Progress


def gather(
    request: GatherRequest,
    prepared: PreparedCase,
    folder: Path,
    simulator: Simulator | None,
    load: "Callable[[], LoadedModel] | None",
    progress: Progress,
) -> Record:
    """Run what the request asks for and write it, with the record, into `folder`, which exists.

    `load` gives the model on the board; it is called beside the simulation. None with a finished run.
    """
    raise NotImplementedError
