"""Assignment: which provisions are about which topics, found by the matcher as it finds answers to a question.

A topic's definition is asked of every group. A provision is about the topic as far as it answers well (its share of
the best answer) and the group has an answer at all (one less the estimate that it has none). What a topic's own
question finds far down the list is no topic of a provision: scores below ``FLOOR`` are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from lawsearch.bridges import attended
from lawsearch.confidence import doubts, relative
from lawsearch.embedding import Models
from lawsearch.generation import Group
from lawsearch.linking import Progress, silent
from lawsearch.matching import Matcher
from lawsearch.topic import Topic

#: Score from which a provision is said to be about a topic: likelier than not.
FLOOR = 0.5


def assign(
    matcher: Matcher, models: Models, topics: Sequence[Topic], groups: Sequence[Group], progress: Progress = silent
) -> sparse.csr_matrix:
    """Scores 0..1 of all units by topic, shape (n, len(topics)), zero where a unit is not about a topic."""
    columns: list[sparse.coo_matrix] = []
    size = len(matcher.generation.ids)
    queries = [matcher.query_of_text(models, f"{t.label()}. {t.definition}", "en") for t in topics]
    for query, rankings in zip(queries, matcher.ranks(queries, groups), strict=True):
        bridges = attended(rankings, matcher.generation.links)
        answered = matcher.bridged(rankings, bridges)
        missing = doubts(matcher, query, answered, bridges, groups)
        rows = np.concatenate([ranking.rows for ranking in answered])
        scores = np.concatenate(
            [(1 - m) * relative(ranking.scores) for ranking, m in zip(answered, missing, strict=True)]
        )
        there = scores.astype(np.float32) >= FLOOR
        column = (scores[there].astype(np.float32), (rows[there], np.zeros(there.sum(), np.int32)))
        columns.append(sparse.coo_matrix(column, (size, 1)))
        progress("topics", len(columns), len(topics))
    return sparse.hstack(columns, "csr") if columns else sparse.csr_matrix((size, 0), dtype=np.float32)
