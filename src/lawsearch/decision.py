"""Decisions on correspondences: what a person said of a pair of provisions, when, and of which wordings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lawsearch.provision import Provision

#: What a person may say of a suggestion; ``open`` takes back what was said and keeps the comment.
VERDICTS = ("confirmed", "rejected", "corrected", "open")
#: How far the corresponding provision takes over the rule, as tables of concordance say it.
STATUSES = ("full", "partial", "none", "not applicable")
#: Statuses of a provision without a counterpart.
WITHOUT = ("none", "not applicable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision: of the provision ``source``, in the text ``other`` (``/akn/my/act/2010/709/en``), on the provision
    ``suggested`` there, empty for "no counterpart". ``corresponding`` is the one that corresponds after it, empty for
    none. The digests are of the wordings that were decided on; of "none" that is all of the other text."""

    source: str
    other: str
    suggested: str
    verdict: str
    status: str
    corresponding: str = ""
    comment: str = ""
    name: str = ""
    time: str = ""
    source_digest: str = ""
    other_digest: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What it is about; a later decision with the same key replaces an earlier one."""
        return self.source, self.other, self.suggested

    @property
    def standing(self) -> bool:
        """Whether it says that something corresponds, or that nothing does."""
        return self.verdict in ("confirmed", "corrected")

    @property
    def looked_at(self) -> str:
        """The provision of the other text whose wording was decided on; empty for none of them."""
        return self.suggested if self.verdict == "rejected" else self.corresponding


def doubts(decision: Decision, find: Callable[[str], Provision | None], text_digest: str) -> tuple[str, ...]:
    """Why a decision must be looked at again, in words; empty where both wordings are those it was made on.

    ``find`` gives the provision that an id names now, ``text_digest`` is that of the whole other text.
    """
    if decision.verdict == "open":
        return ()
    found = []
    source = find(decision.source)
    if source is None:
        found.append("the provision is no longer in the text")
    elif source.digest != decision.source_digest:
        found.append("the provision reads otherwise now")
    if decision.looked_at:
        other = find(decision.looked_at)
        if other is None:
            found.append("the corresponding provision is no longer in the text")
        elif other.digest != decision.other_digest:
            found.append("the corresponding provision reads otherwise now")
    elif text_digest != decision.other_digest:
        found.append("the other text has changed since nothing was found in it")
    return tuple(found)
