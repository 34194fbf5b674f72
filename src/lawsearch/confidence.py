"""How sure: the estimate that a jurisdiction has no counterpart, and scores from 0 to 1."""

from __future__ import annotations

import math
import tomllib
from dataclasses import astuple, dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from lawsearch.generation import Group
from lawsearch.matching import Bridges, Matcher, Query, Ranking

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
        value = self.bias + sum(w * e for w, e in zip(astuple(self), astuple(evidence), strict=False))
        return min(max(1 / (1 + math.exp(-value)), 1 - CERTAIN), CERTAIN)


@cache
def weights() -> dict[str, Weights]:
    """The fitted weights: for a question that names ``concepts``, and for one ``without``."""
    table = tomllib.loads(files("lawsearch").joinpath("data", "doubt.toml").read_text("utf-8"))
    return {name: Weights(**row) for name, row in table.items()}


def evidence(matcher: Matcher, query: Query, ranking: Ranking, bridges: Bridges, group: Group) -> Evidence:
    """What tells whether ``group`` has a counterpart of ``query``, from its ranking, which is not empty."""
    bags = matcher.generation.bags
    core = bags.cosines(matcher.common(query, bridges, group.jurisdiction), ranking.rows)
    return Evidence(float(core.max()), bags.covered(query.about, int(ranking.rows[0])), ranking.nearness)


def doubt(matcher: Matcher, query: Query, ranking: Ranking, bridges: Bridges, group: Group) -> float:
    """Estimated probability that ``group`` has no counterpart of ``query``, 0..1; 1 where nothing was ranked."""
    if not len(ranking.rows):
        return 1.0
    return no_counterpart(query, evidence(matcher, query, ranking, bridges, group))


def no_counterpart(query: Query, found: Evidence) -> float:
    """Estimated probability that there is no counterpart of ``query``, 0..1, by what was found."""
    return weights()["concepts" if query.concepts.any() else "without"].of(found)


def relative(scores: np.ndarray) -> np.ndarray:
    """Standardised scores, best first, as shares of the best one's: 1 for the best, falling towards 0."""
    return np.exp(np.minimum(scores - scores[0], 0)) if len(scores) else scores
