"""How sure: the estimate that a jurisdiction has no counterpart, and scores from 0 to 1."""

from __future__ import annotations

import math
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from lawsearch.generation import Group
from lawsearch.matching import Bridges, Matcher, Query
from lawsearch.ranking import Ranking

#: Nobody is surer than two readers of the same laws, who agree at F1 .96.
CERTAIN = 0.96


@dataclass(frozen=True, slots=True)
class Evidence:
    """What tells whether a group has a counterpart, all higher where it has. ``core``: how alike the concepts of one of
    its candidates are to those that the question has in common with its counterparts in other jurisdictions, a cosine.
    ``about``: the share of the concepts in the question's heading that the best candidate names. ``nearness``: how far
    the nearest candidate stands out by meaning (``Ranking.nearness``)."""

    core: float
    about: float
    nearness: float


@dataclass(frozen=True, slots=True)
class Weights:
    """A logistic estimate: the weight of each kind of evidence, and what is added."""

    core: float
    about: float
    nearness: float
    bias: float

    def of(self, evidence: Evidence) -> float:
        """The estimate, between 1 - ``CERTAIN`` and ``CERTAIN``."""
        value = self.bias + self.core * evidence.core + self.about * evidence.about + self.nearness * evidence.nearness
        return min(max(1 / (1 + math.exp(-value)), 1 - CERTAIN), CERTAIN)


@cache
def weights() -> dict[str, Weights]:
    """The fitted weights: for a question that names ``concepts``, and for one ``without``."""
    table = tomllib.loads(files("lawsearch").joinpath("data", "doubt.toml").read_text("utf-8"))
    return {name: Weights(**row) for name, row in table.items()}


def evidence(
    matcher: Matcher, query: Query, rankings: Sequence[Ranking], bridges: Bridges, groups: Sequence[Group]
) -> list[Evidence]:
    """What tells whether each of ``groups`` has a counterpart of ``query``, from their rankings, none of them empty."""
    if not groups:
        return []
    bags = matcher.generation.bags
    common = matcher.common(query, bridges, [group.jurisdiction for group in groups])
    counts = np.array([len(ranking.rows) for ranking in rankings])
    rows = np.concatenate([ranking.rows for ranking in rankings])
    core = bags.cosines(common, rows, np.repeat(np.arange(len(groups)), counts))
    best = np.maximum.reduceat(core, np.cumsum(counts) - counts)
    about = bags.covered(query.about, np.array([ranking.rows[0] for ranking in rankings]))
    return [
        Evidence(*values)
        for values in zip(best.tolist(), about.tolist(), [ranking.nearness for ranking in rankings], strict=True)
    ]


def doubts(
    matcher: Matcher, query: Query, rankings: Sequence[Ranking], bridges: Bridges, groups: Sequence[Group]
) -> list[float]:
    """Estimated probability that each of ``groups`` has no counterpart of ``query``, 0..1; 1 where nothing was
    ranked."""
    there = [i for i, ranking in enumerate(rankings) if len(ranking.rows)]
    found = evidence(matcher, query, [rankings[i] for i in there], bridges, [groups[i] for i in there])
    told = dict(zip(there, found, strict=True))
    return [no_counterpart(query, told[i]) if i in told else 1.0 for i in range(len(rankings))]


def no_counterpart(query: Query, found: Evidence) -> float:
    """Estimated probability that there is no counterpart of ``query``, 0..1, by what was found."""
    return weights()["concepts" if query.concepts.any() else "without"].of(found)


def relative(scores: np.ndarray) -> np.ndarray:
    """Standardised scores, best first, as shares of the best one's: 1 for the best, falling towards 0."""
    return np.exp(np.minimum(scores - scores[0], 0)) if len(scores) else scores
