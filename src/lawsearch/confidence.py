"""How sure: the estimate that a jurisdiction has no counterpart, and scores from 0 to 1."""

from __future__ import annotations

import math

import numpy as np

from lawsearch.bags import Bags
from lawsearch.matching import FAINT, Query, Ranking

#: Two logistic estimates, fitted on the data-protection gold with a quarter of the cells empty. By concepts: on how
#: alike those of the question and of the best candidate are (a cosine), and on the share of the question's concepts
#: that the candidate names. AUROC .78 for provisions and .90 for topics together; .71 and .85 leaving one law out.
BIAS, ALIKE, COVERED = 1.3, -6.6, -1.4
#: By nearness: on how far the best candidate stands out, and on the log of the attention that each bridge brings.
NEAR_BIAS, NEARNESS, REACHED = -1.7, -16.5, -0.71
#: Concepts tell better, the more so for a law that was left out of the fit (AUROC .70 at 2/3, .72 at 9/10); but one may
#: be named in words that the vocabulary lacks, so nearness keeps a say.
WEIGHT = 0.9
#: What bridges typically bring; stands in where there is no third jurisdiction to bridge by.
TYPICAL = -0.75
#: Nobody is surer than two readers of the same laws, who agree at F1 .96.
CERTAIN = 0.96


def doubt(query: Query, ranking: Ranking, bags: Bags) -> float:
    """Estimated probability that the group behind ``ranking`` has no counterpart of ``query``, 0..1."""
    return no_counterpart(ranking, bags.covered(query.concepts, int(ranking.rows[0])) if len(ranking.rows) else 0.0)


def no_counterpart(ranking: Ranking, covered: float) -> float:
    """Estimated probability that the group behind ``ranking`` has no counterpart, 0..1; 1 for an empty ranking.

    ``covered`` is the share of the question's concepts, by weight, that the best candidate names.
    """
    if not len(ranking.rows):
        return 1.0
    reached = TYPICAL if math.isnan(ranking.reached) else math.log(ranking.reached + FAINT)
    doubt = _logistic(NEAR_BIAS + NEARNESS * ranking.nearness + REACHED * reached)
    if "concepts" in ranking.views:
        by_concepts = _logistic(BIAS + ALIKE * float(ranking.views["concepts"][0]) + COVERED * covered)
        doubt = WEIGHT * by_concepts + (1 - WEIGHT) * doubt
    return min(max(doubt, 1 - CERTAIN), CERTAIN)


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value))


def relative(scores: np.ndarray) -> np.ndarray:
    """Standardised scores, best first, as shares of the best one's: 1 for the best, falling towards 0."""
    return np.exp(np.minimum(scores - scores[0], 0)) if len(scores) else scores
