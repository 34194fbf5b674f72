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


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a decision must be looked at again: ``side`` is source, corresponding, or text (all of the other text);
    ``says`` puts it in words. ``provision`` had the wording ``digest`` when it was decided on; ``now`` is the id that
    it has now, another one where it was renumbered or moved, empty where it is gone (and for a text)."""

    side: str
    says: str
    provision: str = ""
    digest: str = ""
    now: str = ""

    def __str__(self) -> str:
        return self.says


def nowhere(_provision: str, _digest: str) -> str:
    """Where a provision moved, for those who keep no history: nowhere."""
    return ""


def doubts(
    decision: Decision,
    find: Callable[[str], Provision | None],
    text_digest: str,
    moved: Callable[[str, str], str] = nowhere,
) -> tuple[Doubt, ...]:
    """Why a decision must be looked at again; empty where both wordings are those it was made on.

    ``find`` gives the provision that an id names now, ``text_digest`` is that of the whole other text. ``moved`` gives
    the id that a provision which had an id and a wording has now, where that is another one.
    """
    if decision.verdict == "open":
        return ()
    sides = [("source", "the provision", decision.source, decision.source_digest)]
    if decision.looked_at:
        sides.append(("corresponding", "the corresponding provision", decision.looked_at, decision.other_digest))
    found = []
    for side, name, key, digest in sides:
        there = find(key)
        if there and there.digest == digest:
            continue
        if there_now := find(went) if (went := moved(key, digest)) else None:
            and_reads = "" if there_now.digest == digest else " and reads otherwise"
            found.append(Doubt(side, f"{name} is {there_now.citation} now{and_reads}", key, digest, there_now.id))
        elif there:
            found.append(Doubt(side, f"{name} reads otherwise now", key, digest, key))
        else:
            found.append(Doubt(side, f"{name} is no longer in the text", key, digest))
    if not decision.looked_at and text_digest != decision.other_digest:
        found.append(Doubt("text", "the other text has changed since nothing was found in it"))
    return tuple(found)
