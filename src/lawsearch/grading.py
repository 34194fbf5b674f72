"""Grades: how surely two provisions correspond, by what each says of the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log, sqrt

import numpy as np

from lawsearch.answer import UNCERTAIN
from lawsearch.ranking import TEMPERATURE

#: Grades, surest first. They are of the machine's estimate, not of how much of a rule the other text takes over.
GRADES = ("corresponds", "partly", "related")
#: How far below the best candidate, in standard deviations, another one is still chosen beside it: where the best
#: candidate has one share of the attention, the last one chosen has 1/e of it (``ranking.attention``).
NEAR = TEMPERATURE
#: Even odds. A choice speaks for a correspondence where "no counterpart" is less likely than that (the pages, too, say
#: from there on that a jurisdiction probably has none, ``service.UNLIKELY``); what is only near the best needs a score
#: of both directions together that is no less.
EVEN = 0.5
#: Score from which a single, doubtful choice is still worth a look: below, both directions together say what the
#: pages call "very likely no counterpart" (an estimate of 0.7 and more).
FAINT = 0.3


@dataclass(frozen=True, slots=True)
class Choice:
    """What one unit says of a unit of the other text: its place in the ranking (from 1), how many standard
    deviations it lies below the best, and the estimate that the other text has no counterpart at all."""

    rank: int
    gap: float
    doubt: float

    @property
    def near(self) -> bool:
        """Whether it is the best or as good as the best."""
        return self.gap <= NEAR

    @property
    def speaks(self) -> bool:
        """Whether it is chosen without much doubt."""
        return self.near and self.doubt < EVEN

    @property
    def score(self) -> float:
        """How well it corresponds in this direction, 0 to 1, as in lists of hits."""
        return (1 - self.doubt) * exp(min(-self.gap, 0))


#: Where a unit was not among the candidates of the other.
UNSEEN = Choice(rank=0, gap=float("inf"), doubt=1.0)


def mutual(there: Choice, back: Choice) -> float:
    """The score of both directions together, 0 to 1: high only where both are."""
    return sqrt(there.score * back.score)


def grade(there: Choice, back: Choice) -> str:
    """The grade of two units that say ``there`` and ``back`` of each other, empty where they do not correspond.

    ``corresponds``: each chooses the other without much doubt. ``partly``: one of them does, either as its very best,
    or with the other's ranking not against it: an article with several duties is the best counterpart of a section
    that has one of them, and itself looks elsewhere. ``related``: one chooses the other, doubtfully.
    """
    score = mutual(there, back)
    speaking = [choice for choice in (there, back) if choice.speaks]
    if len(speaking) == 2 and score >= EVEN:
        return "corresponds"
    if speaking and (score >= EVEN or any(choice.rank == 1 for choice in speaking)):
        return "partly"
    return "related" if (there.near or back.near) and score >= FAINT else ""


def linked(links: np.ndarray, place: int, doubt: float) -> Choice:
    """What a unit says of another by its links alone, without a ranking: ``links`` (m,) are those to units of the
    other's text, which stands at ``place`` among them. A link is of both directions, so it knows the place that the
    other has, and how far behind it is, and that only roughly; ``doubt`` is taken as given."""
    own = float(links[place])
    if own <= 0:
        return UNSEEN
    return Choice(1 + int((links > own).sum()), TEMPERATURE * log(float(links.max()) / own), doubt)


def unasked(there: Choice, named: bool = True) -> Choice:
    """What stands for the other direction where it cannot be asked. A clause is no unit of a law that might have one
    which its answer corresponds to rather: where it is not uncertain, the one direction stands for both. A text that
    has not ``named`` a single legal concept may be of anything: how near it is to a provision is all that is known."""
    return there if named and there.doubt < UNCERTAIN else replace(there, doubt=max(there.doubt, EVEN))
