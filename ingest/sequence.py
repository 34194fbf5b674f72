"""Which of many numbers at line starts are the headings: the heaviest chain that keeps to the sequence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.numbering import Value

_FARTHEST = 40


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number at the start of row ``row``; ``weight`` says how much the line looks like a heading."""

    row: int
    number: str
    rest: str
    value: Value
    weight: float = 1.0


def _gap(missing: int, strict: bool) -> float:
    if missing <= 0:
        return 0.0
    return 0.5 + 0.35 * missing if strict else 0.02 * missing


def _step(before: Value, after: Value, strict: bool) -> float | None:
    """What it costs to go on from one number to another; None where a sequence cannot."""
    if after <= before or after[0] - before[0] > 1:
        return None
    if after[0] != before[0]:
        return 0.3 if after[1] == 1 else None
    if after[1] == before[1]:
        return 0.0 if after[2] - before[2] == 1 else 0.4
    missing = after[1] - before[1] - 1
    return _gap(missing, strict) + (0.4 if after[2] > 1 else 0.0)


def best_chain(candidates: Sequence[Candidate], strict: bool = True) -> tuple[float, list[Candidate]]:
    """The weight and the members of the heaviest ascending chain. Inserted numbers and small gaps are allowed.

    Where ``strict`` is false gaps cost next to nothing: for lists that pick articles out (amendments, elucidations).
    """
    best: dict[tuple[int, int], dict[int, tuple[float, int]]] = defaultdict(dict)
    back: list[int] = []
    scores: list[float] = []
    for i, candidate in enumerate(candidates):
        major, number, insertion = candidate.value
        score, previous = -min(_gap(number - 1, strict), 3.0), -1
        for n in range(max(0, number - _FARTHEST), number + 1):
            for found_insertion, (found, index) in best.get((major, n), {}).items():
                cost = _step((major, n, found_insertion), candidate.value, strict)
                if cost is not None and found - cost > score and candidates[index].row < candidate.row:
                    score, previous = found - cost, index
        if major and number == 1:
            for (m, n), row in best.items():
                if m == major - 1:
                    for found_insertion, (found, index) in row.items():
                        cost = _step((m, n, found_insertion), candidate.value, strict)
                        if cost is not None and found - cost > score:
                            score, previous = found - cost, index
        score += candidate.weight
        scores.append(score)
        back.append(previous)
        held = best[major, number].get(insertion)
        if held is None or score >= held[0]:
            best[major, number][insertion] = (score, i)
    if not scores:
        return 0.0, []
    at = max(range(len(scores)), key=lambda i: scores[i])
    total, chain = scores[at], []
    while at >= 0:
        chain.append(candidates[at])
        at = back[at]
    return total, chain[::-1]
