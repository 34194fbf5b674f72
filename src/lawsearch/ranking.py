"""Rankings: the candidates of a group, by views that are standardised over them and summed with weights.

What is added up is small and there are many groups, so all of them are added up at once: numpy costs the same for one
group as for twenty.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lawsearch.answer import Signal

#: Weights of the views; equal but for the title, which many laws leave empty (Indonesian articles have none).
WEIGHTS = {"meaning": 1.0, "parts": 1.0, "title": 0.5, "english": 1.0, "words": 1.0, "concepts": 1.0}
#: Temperature at which standardised scores become shares of attention.
TEMPERATURE = 0.35


@dataclass(frozen=True, slots=True)
class Ranking:
    """Candidates of one group, best first: standardised scores, the raw values by view, and what each view gave to
    the score, all aligned with ``rows``. ``nearness`` is the best candidate's similarity less its own hubness and that
    of the question in the group."""

    rows: np.ndarray
    scores: np.ndarray
    views: dict[str, np.ndarray]
    contributions: dict[str, np.ndarray]
    nearness: float = 0.0

    def shares(self) -> np.ndarray:
        """Softmax of the standardised scores: how attention is divided among the candidates."""
        return attention(self.scores)

    def signals(self, place: int) -> tuple[Signal, ...]:
        """What each view says of the candidate at ``place`` and gave to its score, the largest share first."""
        found = [Signal(n, float(self.views[n][place]), float(own[place])) for n, own in self.contributions.items()]
        return tuple(sorted(found, key=lambda signal: -signal.share))


NOTHING = Ranking(np.zeros(0, np.int64), np.zeros(0), {}, {})


def attention(scores: np.ndarray) -> np.ndarray:
    """Softmax of standardised scores (…, n) at ``TEMPERATURE``."""
    if not scores.size:
        return scores
    weights = np.exp((scores - scores.max(axis=-1, keepdims=True)) / TEMPERATURE)
    return weights / weights.sum(axis=-1, keepdims=True)


def standard(values: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Values (…, n) less their mean, in standard deviations, within each of the runs that ``counts`` long follow one
    another along the last axis, none of them empty; zeros where all of a run are alike."""
    starts = np.cumsum(counts) - counts
    apart = values - np.repeat(np.add.reduceat(values, starts, axis=-1) / counts, counts, axis=-1)
    spread = np.sqrt(np.add.reduceat(apart * apart, starts, axis=-1) / counts)
    # What is alike differs by rounding only.
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 1e-6)
    return apart * np.repeat(scale, counts, axis=-1)


def fuse(
    rows: Sequence[np.ndarray], seen: Sequence[Mapping[str, np.ndarray]], nearness: Sequence[float] = ()
) -> list[Ranking]:
    """Candidates of groups, each ranked by the weighted sum of its standardised views; ``seen`` are those of each."""
    bare = [
        Ranking(own, np.zeros(len(own)), {}, {}, near)
        for own, near in zip(rows, nearness or [0.0] * len(rows), strict=True)
    ]
    return added(bare, seen, WEIGHTS)


def added(
    rankings: Sequence[Ranking],
    seen: Sequence[Mapping[str, np.ndarray]],
    weights: Mapping[str, float],
    scale: Callable[[np.ndarray], np.ndarray] = lambda values: values,
) -> list[Ranking]:
    """The rankings by further views as well: each view is put on a ``scale``, standardised within its ranking, weighed
    and added to the scores, which are standardised again. What has no further view stays as it is."""
    touched = [i for i, own in enumerate(seen) if own and len(rankings[i].rows)]
    if not touched:
        return list(rankings)
    counts = np.array([len(rankings[i].rows) for i in touched])
    stops = np.cumsum(counts)
    spans = [slice(stop - count, stop) for stop, count in zip(stops.tolist(), counts.tolist(), strict=True)]
    names = list(dict.fromkeys(name for i in touched for name in seen[i]))
    # A view that a group is not seen in is the same for all its candidates: it gives nothing.
    table = np.zeros((len(names), stops[-1]))
    for i, span in zip(touched, spans, strict=True):
        for place, name in enumerate(names):
            if name in seen[i]:
                table[place, span] = seen[i][name]
    given = standard(scale(table), counts) * np.array([[weights[name]] for name in names])
    scores = standard(np.concatenate([rankings[i].scores for i in touched]) + given.sum(axis=0), counts)
    order = np.lexsort((-scores, np.repeat(np.arange(len(touched)), counts)))
    table, given, scores = table[:, order], given[:, order], scores[order]
    found = list(rankings)
    for i, span in zip(touched, spans, strict=True):
        own, best = rankings[i], order[span] - span.start
        views, contributions = (
            {name: value[best] for name, value in former.items()}
            | {name: new[place, span] for place, name in enumerate(names) if name in seen[i]}
            for former, new in ((own.views, table), (own.contributions, given))
        )
        found[i] = Ranking(own.rows[best], scores[span], views, contributions, own.nearness)
    return found
