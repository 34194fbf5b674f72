"""Which provision of a new text is which of the former one: renumbered and moved provisions are recognised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from rapidfuzz.distance import Indel
from rapidfuzz.process import cdist

from lawsearch.provision import Provision
from lawsearch.text import normal

#: Share of the characters that two wordings have in common, in order, from which they are the same provision under
#: another number. Sections that share nothing but the manner of the law reach about half.
SAME = 0.8
#: Characters below which a wording ("[Repealed]", "Short title") is too short to know a provision by.
TELLING = 40
#: Characters of a wording that are compared: aligning is quadratic, and a long section is known by its beginning.
COMPARED = 3000


def pairs(old: Sequence[Provision], new: Sequence[Provision]) -> dict[str, str]:
    """For each unit of ``new`` that continues one of ``old``, by id: the id that it had.

    In this order: the same id and wording; the same wording under another id, where only one has it on each side; the
    same id with much the same wording; much the same wording under another id, where each is the other's one best;
    the same id with whatever wording. What is left is new, or gone.
    """
    found: dict[str, str] = {}
    before, after = {p.id: p for p in old}, {p.id: p for p in new}

    def take(chosen: Iterable[tuple[str, str]]) -> None:
        for now, then in chosen:
            found[now] = then
            del after[now], before[then]

    take([(key, key) for key, p in after.items() if key in before and before[key].digest == p.digest])
    if before and after:
        take(_same_wording(before, after))
        words = {p.id: _words(p) for p in before.values()}
        near = Indel.normalized_similarity
        take([(k, k) for k, p in after.items() if k in before and near(words[k], _words(p)) >= SAME])
        take(_near(before, after))
        take([(key, key) for key in after if key in before])
    return found


def _words(p: Provision) -> str:
    return normal(f"{p.heading} {p.text}"[: 2 * COMPARED]).casefold()[:COMPARED]


def _same_wording(before: dict[str, Provision], after: dict[str, Provision]) -> list[tuple[str, str]]:
    once = [Counter(p.digest for p in side.values()) for side in (before, after)]
    by_digest = {p.digest: p.id for p in before.values() if len(_words(p)) >= TELLING}
    return [
        (p.id, by_digest[p.digest])
        for p in after.values()
        if p.digest in by_digest and all(counts[p.digest] == 1 for counts in once)
    ]


def _near(before: dict[str, Provision], after: dict[str, Provision]) -> list[tuple[str, str]]:
    then = [(key, w) for key, p in before.items() if len(w := _words(p)) >= TELLING]
    now = [(key, w) for key, p in after.items() if len(w := _words(p)) >= TELLING]
    if not then or not now:
        return []
    scorer = Indel.normalized_similarity
    alike = cdist([w for _, w in now], [w for _, w in then], scorer=scorer, score_cutoff=SAME, dtype=np.float32)
    best = alike.max(axis=1, keepdims=True), alike.max(axis=0, keepdims=True)
    chosen = (alike >= SAME) & (alike == best[0]) & (alike == best[1])
    # Where two are equally near, nobody can say which it is.
    chosen &= (chosen.sum(axis=1, keepdims=True) == 1) & (chosen.sum(axis=0, keepdims=True) == 1)
    return [(now[row][0], then[column][0]) for row, column in np.argwhere(chosen).tolist()]
