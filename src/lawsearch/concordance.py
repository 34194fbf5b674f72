"""The table of concordance: what the matcher suggests for each provision of a pivot text, and what people decided."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from lawsearch.correspondence import Alignment, Correspondence
from lawsearch.decision import Decision, Doubt, doubts, nowhere
from lawsearch.provision import Provision

#: Status that a grade suggests; a person decides. What is only related is at most a part of the rule.
SUGGESTED = {"corresponds": "full", "partly": "partial", "related": "partial", "": "none"}
#: Suggestions for one provision; the rest is in the table of correspondence. More would be a list of hits, not a table.
MOST = 3
Find = Callable[[str], Provision | None]
Moved = Callable[[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the provision of the pivot text, the one that corresponds (None: none does), and what is said of it.

    ``source_id`` and ``corresponding_id`` are there even where the provisions no longer are. ``suggested`` is the id
    that decisions are keyed by, ``suspect`` says why a decision must be looked at again.
    """

    source_id: str
    source: Provision | None
    other: str
    suggested: str
    corresponding_id: str
    corresponding: Provision | None
    correspondence: Correspondence | None
    verdict: str
    status: str
    comment: str = ""
    name: str = ""
    time: str = ""
    suspect: tuple[Doubt, ...] = ()

    @property
    def state(self) -> str:
        """``suspect`` where a decision no longer fits, else the verdict; ``open`` is a mere suggestion."""
        return "suspect" if self.suspect else self.verdict

    @property
    def dropped(self) -> bool:
        """Whether the row says that a suggestion does not correspond: no part of a finished table."""
        return self.verdict == "rejected"


@dataclass(frozen=True, slots=True)
class Table:
    """The rows for one other text, in the order of the pivot, and its units that no row names."""

    alignment: Alignment
    rows: tuple[Row, ...]
    unmatched: tuple[str, ...]


def text_digest(units: Iterable[Provision]) -> str:
    """A digest of a whole text, by its units."""
    return hashlib.sha256("\n".join(f"{u.id} {u.digest}" for u in units).encode()).hexdigest()


def suggestions(rows: Sequence[Correspondence]) -> list[Correspondence]:
    """Of the correspondences of one provision, best first, those worth a row: merely related ones only where there is
    nothing better."""
    better = [r for r in rows if r.grade != "related"]
    return (better or list(rows))[:MOST]


def table(
    alignment: Alignment, decisions: Iterable[Decision], find: Find, digest: str, moved: Moved = nowhere
) -> Table:
    """The table of one pivot text and one other. ``find`` gives the provision that an id names now, ``digest`` is
    ``text_digest`` of the other text, ``moved`` as of ``decision.doubts``."""

    def doubted(decision: Decision) -> tuple[Doubt, ...]:
        return doubts(decision, find, digest, moved)

    made: dict[str, dict[str, Decision]] = {}
    for decision in decisions:
        made.setdefault(decision.source, {})[decision.suggested] = decision
    found: dict[str, list[Correspondence]] = {key: [] for key in alignment.units}
    for row in alignment.rows:
        found[row.source].append(row)
    rows: list[Row] = []
    for key in [*alignment.units, *(key for key in made if key not in found)]:
        rows += _of_unit(key, alignment.target.id, found.get(key, []), made.get(key, {}), find, doubted)
    named = {r.corresponding_id for r in rows if not r.dropped}
    return Table(alignment, tuple(rows), tuple(key for key in alignment.other_units if key not in named))


def _of_unit(
    source: str,
    other: str,
    known: Sequence[Correspondence],
    made: dict[str, Decision],
    find: Find,
    doubted: Callable[[Decision], tuple[Doubt, ...]],
) -> list[Row]:
    pairs = {c.target: c for c in known}
    settled = [d for d in made.values() if d.verdict != "open"]
    none = made.get("")
    # Somebody has said that there is none, and nothing has changed since: no machine contradicts.
    closed = none and none.standing and not none.corresponding and not doubted(none)
    taken = {d.corresponding for d in settled if d.verdict == "corrected"}
    wanted = [] if closed else [c.target for c in suggestions(known) if c.target not in taken or c.target in made]
    keys = list(dict.fromkeys([*wanted, *(k for k, d in made.items() if k and (d in settled or d.comment))]))
    rows = [_row(source, other, key, pairs, made.get(key), find, doubted) for key in keys]
    # What stands for "nothing": where no row is left, where somebody decided so, or where a comment says something.
    if all(r.dropped for r in rows) or (none and (none in settled or none.comment)):
        rows.append(_row(source, other, "", pairs, none, find, doubted))
    return rows


def _row(
    source: str, other: str, key: str, pairs: dict[str, Correspondence], decision: Decision | None, find: Find,
    doubted: Callable[[Decision], tuple[Doubt, ...]],
) -> Row:  # fmt: skip
    corrected = decision is not None and decision.verdict == "corrected"
    shown = decision.corresponding if decision and corrected else key
    pair = pairs.get(shown)
    row = Row(
        source_id=source, source=find(source), other=other, suggested=key, corresponding_id=shown,
        corresponding=find(shown) if shown else None, correspondence=pair, verdict="open",
        status=SUGGESTED[pair.grade if pair else ""],
    )  # fmt: skip
    if decision is None:
        return row
    return replace(
        row, verdict=decision.verdict, status=decision.status, comment=decision.comment, name=decision.name,
        time=decision.time, suspect=doubted(decision),
    )  # fmt: skip
