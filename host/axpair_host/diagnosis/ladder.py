"""The ladder: every question, in the order in which it is asked, with the check that answers it.

docs/whose-fault.md has the same questions as headings. Specific before general: a code that fits anything unexplained
comes after all that explain. Evidence first, then the board from its input to its output, then conversion, then what
is made of the outputs.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from axpair_host.diagnosis.asks import Wants
from axpair_host.diagnosis.checks import (
    build_config,
    calibration,
    canary,
    compilation,
    conversion,
    decisions,
    delivery,
    digests,
    disagreement,
    failure,
    flips,
    front_end,
    golden,
    handout,
    history,
    imported,
    joint_on_board,
    layers,
    misread_input,
    names,
    nonfinite,
    order,
    other_platforms,
    parts,
    preprocess,
    program,
    readings,
    repetition,
    second_opinion,
    setup,
    sizes,
    stale,
    switches,
    tail,
    tolerance,
    written,
)
from axpair_host.diagnosis.finding import Finding, Open
from axpair_host.diagnosis.inquiry import Inquiry

Result = Finding | Open | Wants


@dataclass(frozen=True)
class Check:
    """One question and the function that answers it."""

    question: str
    codes: tuple[str, ...]
    """What it can name."""
    ask: Callable[[Inquiry], Iterable[Result]]


LADDER: tuple[Check, ...] = (
    Check("Does the board still do a known-good case?", ("AX005",), canary.check),
    Check("Are all outputs there?", ("AX001",), names.check),
    Check("Is every tensor of the declared shape and dtype?", ("AX002", "AX402"), sizes.check),
    Check("Do the digests fit?", ("AX006",), digests.check),
    Check("Can the comparison fail at all?", ("AX004",), tolerance.check),
    Check("Is there NaN or Inf in what the simulator gives?", ("AX003",), nonfinite.simulated),
    Check("Did the board run the joint that was simulated?", ("AX109",), joint_on_board.check),
    Check("Was the board handed this input?", ("AX101",), delivery.check),
    Check("Are driver, runtime and model of one release?", ("AX308",), setup.releases),
    Check("Are model and board in the same virtual-NPU mode?", ("AX309",), setup.modes),
    Check("Were there memory, disk and handles enough?", ("AX310",), setup.resources),
    Check("Did the runtime come back with an answer?", ("AX307",), failure.check),
    Check("Was the whole output written?", ("AX303",), written.check),
    Check(
        "Are the bytes right, and only handed out otherwise than declared?",
        ("AX401", "AX402", "AX403", "AX315", "AX302"),
        handout.check,
    ),
    Check("Does the answer belong to this input?", ("AX302",), stale.check),
    Check("Is the tail of the output there?", ("AX304",), tail.check),
    Check("Did single bits flip?", ("AX305",), flips.check),
    Check(
        "Did the NPU work on this input, read as it was written?",
        (*misread_input.CODES, "AX302"),
        misread_input.check,
    ),
    Check("Does the answer depend on what ran before it?", ("AX313",), history.check),
    Check("Is the answer the same each time?", ("AX301",), repetition.check),
    Check("Has the board NaN or Inf where the simulator has none?", ("AX003",), nonfinite.on_board),
    Check("Does the board give the simulator's bytes?", ("AX306", "AX314"), disagreement.check),
    Check("Does the vendor's own command show the same?", (), second_opinion.check),
    Check("Under which switch of the board does it go away?", (), switches.check),
    Check("Is the configuration that of this build?", ("AX209",), build_config.check),
    Check("Does the model lose accuracy on other platforms too?", ("AX207",), other_platforms.check),
    Check("Does the import of the graph keep the float result?", ("AX208",), imported.check),
    Check("Did rows only change places behind TopK or NMS?", ("AX406",), order.check),
    Check("Does quantisation keep the float model's result?", ("AX201", "AX202"), conversion.quantised),
    Check("Is something lost that the cosine doesn't show?", ("AX201",), conversion.hidden),
    Check("Is this input like the calibration set?", ("AX204",), calibration.check),
    Check("In which layer does the loss enter?", ("AX205", "AX206"), layers.check),
    Check("Does compilation keep the quantised model's result?", ("AX202",), compilation.check),
    Check("Did a small part of an output collapse?", ("AX206",), parts.check),
    Check("Is the float model fed as the training code feeds its own?", ("AX103", "AX104", "AX106"), front_end.check),
    Check("Is the float model what the training code says?", ("AX203",), golden.check),
    Check("Does the post-processor decide the same bytes alike?", ("AX405",), decisions.fickle),
    Check("Does one misreading of the outputs explain the post-processor?", readings.CODES, readings.of_postprocessor),
    Check("Does a decision hang by less than the tensors differ?", ("AX406",), decisions.at_the_edge),
    Check("Does the post-processor make the expected result of tensors that agree?", ("AX405",), decisions.check),
    Check("Does the product prepare the input as it was prepared here?", preprocess.CODES, preprocess.check),
    Check("Does one misreading of the outputs explain your program?", readings.CODES, readings.of_program),
    Check("Does your own program say the same?", ("AX407",), program.check),
)
CODES = frozenset(code for check in LADDER for code in check.codes)
"""Codes that are looked for so far; the others of the fault book are only explained."""
