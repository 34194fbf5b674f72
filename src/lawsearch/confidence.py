"""How sure: the estimate that a jurisdiction has no counterpart, and scores from 0 to 1."""

from __future__ import annotations

import math

import numpy as np

from lawsearch.matching import FAINT, Ranking

#: Logistic weights on (nearness, log of the attention that bridges bring), fitted on the data-protection gold with
#: a quarter of the cells empty. A rough estimate: AUROC .65 for provisions, .75 for topics, on the same data.
BIAS, NEARNESS, REACHED = 7.7, -9.5, -0.6
#: What bridges typically bring; stands in where there is no third jurisdiction to bridge by.
TYPICAL = 1.2


def no_counterpart(ranking: Ranking) -> float:
    """Estimated probability that the group behind ``ranking`` has no counterpart, 0..1; 1 for an empty ranking."""
    if not len(ranking.rows):
        return 1.0
    reached = TYPICAL if math.isnan(ranking.reached) else math.log(ranking.reached + FAINT)
    total = BIAS + NEARNESS * float(ranking.views["meaning"].max()) + REACHED * reached
    return 1 / (1 + math.exp(-total))


def relative(scores: np.ndarray) -> np.ndarray:
    """Standardised scores, best first, as shares of the best one's: 1 for the best, falling towards 0."""
    return np.exp(np.minimum(scores - scores[0], 0)) if len(scores) else scores
