"""Which of many numbers at line starts are the headings: the heaviest chain that keeps to the sequence."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.numbering import Value

#: How far a gap reaches, in numbers; what lies beyond is a jump.
_FARTHEST = 40
_WIDEST = 0.8
#: What a jump costs: more than any one heading weighs (a year, a stray number), less than two or three do that look
#: like the others: an excerpt goes on there.
_JUMP = 2.0
#: The best chain so far that ends on a number: by (major, number), by insertion: its score, its last candidate.
_Best = dict[tuple[int, int], dict[int, tuple[float, int]]]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A number at the start of row ``row``; ``weight`` says how much the line looks like a heading.

    ``guessed`` is a number that OCR read otherwise or not at all: only the sequence speaks for it.
    """

    row: int
    number: str
    rest: str
    value: Value
    weight: float = 1.0
    guessed: bool = False


def _gap(missing: int, strict: bool) -> float:
    if missing <= 0:
        return 0.0
    # A wide gap costs no more than a few numbers do, and less than a heading weighs: an excerpt goes on after it.
    return min(0.5 + 0.35 * missing, _WIDEST) if strict else 0.02 * missing


def _step(before: Value, after: Value, strict: bool) -> float | None:
    """What it costs to go on from one number to another; None where a sequence cannot."""
    if after <= before or after[0] - before[0] > 1 or (after[0] and not before[0]):
        return None  # "1.1" does not go on from "2": a list, and then the principles themselves
    if after[0] != before[0]:
        return 0.3 if after[1] == 1 else None
    if after[1] == before[1]:
        return 0.0 if after[2] - before[2] == 1 else 0.4
    missing = after[1] - before[1] - 1
    if missing >= _FARTHEST or (strict and missing and after[2]):
        return _JUMP  # an insertion without the number that it follows is as far away
    return _gap(missing, strict) + (0.4 if after[2] > 1 else 0.0)


class _Far:
    """The best chains by the number on which they end, less those that a lower number equals: one is read per jump."""

    def __init__(self) -> None:
        self._steps: dict[int, list[tuple[int, float, int, int]]] = defaultdict(list)

    def add(self, place: Value, score: float, index: int) -> None:
        """Take in the chain that ends on the candidate ``index``."""
        steps = self._steps[place[0]]
        at = bisect_left(steps, (place[1] + 1,))
        if at and steps[at - 1][1] >= score:
            return
        end = at
        while end < len(steps) and steps[end][1] <= score:
            end += 1
        steps[at:end] = [(place[1], score, place[2], index)]

    def below(self, place: Value) -> Iterator[tuple[Value, tuple[float, int]]]:
        """The best of the chains from which only a jump leads to ``place``."""
        steps = self._steps[place[0]]
        at = bisect_left(steps, (place[1] - _FARTHEST,))
        if at:
            number, score, insertion, index = steps[at - 1]
            yield (place[0], number, insertion), (score, index)


def _earlier(best: _Best, far: _Far, place: Value) -> Iterator[tuple[Value, tuple[float, int]]]:
    """The best chains that end on a number from which ``place`` can be reached."""
    yield from far.below(place)
    major, number, _ = place
    keys = [(major, n) for n in range(max(0, number - _FARTHEST), number + 1)]
    if major and number == 1:
        keys += [key for key in best if key[0] == major - 1]
    for key in keys:
        for insertion, held in best.get(key, {}).items():
            yield (*key, insertion), held


def best_chain(candidates: Sequence[Candidate], strict: bool = True) -> tuple[float, list[Candidate]]:
    """The weight and the members of the heaviest ascending chain. Inserted numbers and small gaps are allowed.

    Where ``strict`` is false gaps cost next to nothing: for lists that pick articles out (amendments, elucidations).
    """
    best: _Best = defaultdict(dict)
    far, waiting = _Far(), list[tuple[Value, float, int]]()
    back: list[int] = []
    scores: list[float] = []
    for i, candidate in enumerate(candidates):
        # Another reading of the same line is nothing to go on from, nor does it hide what is.
        while waiting and candidates[waiting[0][2]].row < candidate.row:
            place, found, index = waiting.pop(0)
            held = best[place[:2]].get(place[2])
            if held is None or found >= held[0]:
                best[place[:2]][place[2]] = (found, index)
            far.add(place, found, index)
        score, previous = -min(_gap(candidate.value[1] - 1, strict), 3.0), -1
        for place, (found, index) in _earlier(best, far, candidate.value):
            cost = _step(place, candidate.value, strict)
            if cost is not None and found - cost > score:
                score, previous = found - cost, index
        score += candidate.weight
        scores.append(score)
        back.append(previous)
        waiting.append((candidate.value, score, i))
    if not scores:
        return 0.0, []
    at = max(range(len(scores)), key=lambda i: scores[i])
    total, chain = scores[at], []
    while at >= 0:
        chain.append(candidates[at])
        at = back[at]
    return total, chain[::-1]
