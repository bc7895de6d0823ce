"""Numbers of a comparison in few characters."""

from axpair_proto.lines import coloured, paragraph, plain
from msgspec import UNSET

from axpair_host.documents.compared import HeldLine, TensorComparison


def relation(comparison: TensorComparison | None) -> str:
    """Relation and cosine, such as "SIMILAR 0.9967"; a dash where there was nothing to compare."""
    if comparison is None:
        return "-"
    word = coloured(comparison.relation)
    if comparison.relation in ("IDENTICAL", "INVALID"):
        return word
    return f"{word} {cosine(comparison.cosine)}"


def beside_words(comparison: TensorComparison) -> str:
    """What the reference holds, and the measures beside the cosine that a comparison was judged by; "" for none."""
    told = [comparison.content] if comparison.content else []
    content = comparison.content or ""
    if comparison.psnr_db is not UNSET and comparison.rmse is not UNSET and content.startswith("a picture"):
        told.append(f"PSNR {comparison.psnr_db:.1f} dB, RMSE {comparison.rmse:.4g}")
    if comparison.angle is not UNSET:
        told.append(f"{comparison.angle:.1f} degrees")
    if told and comparison.correlation is not UNSET:
        told.append(f"correlation without the mean {comparison.correlation:.4f}")
    if comparison.others_cosine is not UNSET:
        told.append(f"cosine of those {comparison.others_cosine:.4f}")
    if comparison.agreement is not UNSET:
        told.append(f"{comparison.agreement:.0%} of the rows have the same identities")
    return ", ".join(told)


def own_line(one: HeldLine) -> list[str]:
    """How it stands with a line of the user's."""
    word = {True: "holds", False: "doesn't hold", None: "can't be said"}[one.holds]
    return paragraph(f"{word}: {one.told or '-'}", f"  {plain(one.line)}  ", "    ")


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
