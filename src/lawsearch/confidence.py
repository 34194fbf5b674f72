"""How sure: the estimate that a jurisdiction has no counterpart, and scores from 0 to 1."""

from __future__ import annotations

import math

import numpy as np

from lawsearch.matching import Ranking, attention

#: Logistic weights of ``evidence`` and their bias.
WEIGHTS = (-1.0, -1.0, -0.5)
BIAS = 0.0


def evidence(ranking: Ranking) -> tuple[float, ...]:
    """What speaks for a counterpart: nearness of the best candidate, its lead, and the bridges that reach it."""
    if not len(ranking.rows):
        return (0.0, 0.0, 0.0)
    best = ranking.scores[0]
    shares = attention(ranking.scores)
    bridge = ranking.views.get("bridge")
    reach = math.log(float(bridge[0]) + 1e-3) if bridge is not None else math.log(1e-3)
    meaning = float(ranking.views["meaning"][0]) if "meaning" in ranking.views else 0.0
    del best
    return (meaning * 10, float(shares[0]), reach)


def no_counterpart(ranking: Ranking) -> float:
    """Estimated probability that the group behind ``ranking`` has no counterpart, 0..1; 1 for an empty one."""
    if not len(ranking.rows):
        return 1.0
    total = BIAS + sum(w * x for w, x in zip(WEIGHTS, evidence(ranking), strict=True))
    return 1 / (1 + math.exp(-total))


def relative(scores: np.ndarray) -> np.ndarray:
    """Standardised scores as shares of the best one's: 1 for the best, falling to 0."""
    return np.exp(np.minimum(scores - scores[0], 0)) if len(scores) else scores
