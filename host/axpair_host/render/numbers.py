"""Numbers of a comparison in few characters."""

from axpair_proto.lines import coloured, paragraph, plain
from axpair_proto.sentences import in_words, joined, say, tr
from msgspec import UNSET

from axpair_host.compare.lines import METRICS
from axpair_host.documents.compared import HeldLine, TensorComparison


def relation(comparison: TensorComparison | None) -> str:
    """Relation and cosine, such as "SIMILAR 0.9967", or of names the share that is the same; a dash where there was
    nothing to compare."""
    if comparison is None:
        return "-"
    word = coloured(comparison.relation)
    if comparison.relation in ("IDENTICAL", "INVALID"):
        return word
    share = comparison.agreement if comparison.named_by is not UNSET else UNSET
    return f"{word} {cosine(comparison.cosine if share is UNSET else share)}"


def beside_words(comparison: TensorComparison) -> str:
    """What the reference holds, and the measures beside the cosine that a comparison was judged by; "" for none."""
    said = [comparison.content] if comparison.content else []
    if comparison.psnr_db is not UNSET and comparison.rmse is not UNSET and comparison.content_kind == "picture":
        said += [METRICS["psnr"].told(comparison.psnr_db), METRICS["rmse"].told(comparison.rmse)]
    if comparison.angle is not UNSET:
        said.append(say("{value:.1f} degrees", value=comparison.angle))
    if said and comparison.correlation is not UNSET:
        said.append(METRICS["correlation"].told(comparison.correlation))
    if comparison.others_cosine is not UNSET:
        said.append(say("cosine of those {value:.4f}", value=comparison.others_cosine))
    if comparison.named_by is not UNSET and comparison.agreement is not UNSET:
        said.append(
            say(
                "names ({operator}), {share:.2%} of them the same",
                operator=comparison.named_by,
                share=comparison.agreement,
            )
        )
    elif comparison.agreement is not UNSET:
        said.append(say("{share:.0%} of the rows have the same identities", share=comparison.agreement))
    return in_words(joined(", ", said)) if said else ""


def own_line(one: HeldLine) -> list[str]:
    """How it stands with a line of the user's."""
    word = {True: tr("holds"), False: tr("doesn't hold"), None: tr("can't be said")}[one.holds]
    return paragraph(f"{word}: {in_words(one.told or '-')}", f"  {plain(one.line)}  ", "    ")


def cosine(value: float | None) -> str:
    """Four digits, and more where it is nearly 1 without being it."""
    if value is None:
        return "-"
    if 0.99995 <= value < 1.0:
        return f"1-{1.0 - value:.1e}"
    return f"{value:.4f}"


def number(value: float | int | None) -> str:
    """Up to five significant digits; a dash for none."""
    return "-" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)
