"""What stands above units: the numbered headings of parts and chapters, and headings that carry no number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from itertools import pairwise

from ingest.numbering import Family
from ingest.page import Row
from ingest.paragraph import LABEL, ended
from ingest.sequence import Candidate
from ingest.voting import Style

#: A heading by its row: its AKN prefix and number (both empty where it carries none), and its title on the line.
Title = tuple[str, str, str]
#: Rows that a heading without a number takes up at most.
_LONGEST_SUBJECT = 3


def containers(rows: Sequence[Row], family: Family, style: Style, starts: Container[int]) -> dict[int, Title]:
    """The headings of parts and chapters among ``rows``, by row; ``starts`` are the rows on which units begin."""
    found: dict[int, Title] = {}
    for i, row in enumerate(rows):
        if i in starts:
            continue
        for container in family.containers:
            match = container.pattern.match(row.text.strip())
            if not match:
                continue
            rest = (match.groupdict().get("rest") or "").strip()
            apart = row.text.isupper() or row.centred or style.stands_out(row)
            # A plain line is a heading only if nothing stands behind the number and no sentence runs on into it.
            if not apart and ((rest and not rest.isupper()) or (i and not ended(rows[i - 1]))):
                continue
            if rest[:1].islower() and not rest.isupper():
                continue
            # A name that can stand alone is the title of the numbered container right above it.
            if rest == row.text.strip() and i - 1 in found and not found[i - 1][2]:
                break
            head = row.text.strip().removesuffix(rest).strip(" .:—–-")
            number = head.split()[-1] if rest != row.text.strip() and head else ""
            found[i] = (container.prefix, number, rest)
            break
    return found


def ranks(titles: Mapping[int, Title], starts: Container[int], family: Family, first: int) -> dict[str, float]:
    """How deep each kind of heading stands, by its prefix, outermost least.

    As the family lists them, unless in this text, from the row ``first`` on, one kind stands right above another and
    never below it: some laws divide parts into chapters, others chapters into parts.
    """
    order = {container.prefix: float(k) for k, container in enumerate(family.containers)}
    # Transitional provisions stand beside the chapters, not below the last of them.
    order["trans"] = order.get("chp", len(order))
    order[""] = len(order)
    above: Counter[tuple[str, str]] = Counter()
    for i, j in pairwise(sorted(row for row in titles if row >= first)):
        if not any(row in starts for row in range(i, j)):
            above[titles[i][0], titles[j][0]] += 1
    for (outer, inner), count in above.items():
        if "" not in (outer, inner) and order[outer] > order[inner] and count > above[inner, outer]:
            order[outer] = order[inner] - 0.5
    return order


def subjects(
    rows: Sequence[Row], chain: Sequence[Candidate], above: Mapping[int, int], known: Mapping[int, Title], style: Style
) -> dict[int, Title]:
    """Headings of groups of units that carry no number: rows set apart between one unit and the next, by row.

    ``above`` is the row on which each unit begins with its own heading; ``known`` are the headings with a number.
    """
    found: dict[int, Title] = {}
    for before, c in pairwise(chain):
        if above[c.row] < c.row:
            continue
        j = c.row
        while (
            j - 1 > before.row
            and c.row - j < _LONGEST_SUBJECT
            and j - 1 not in known
            and _sets_apart(rows[j - 1], style)
        ):
            j -= 1
        title = known[j - 1][2] if j - 1 in known else None
        # Right below a numbered heading it is the name of that, or more of the name.
        goes_on = title is not None and (not title or title.isupper() == rows[j].text.isupper())
        if before.row < j < c.row and ended(rows[j - 1]) and not goes_on:
            found[j] = ("", "", rows[j].text.strip())
    return found


def _sets_apart(row: Row, style: Style) -> bool:
    """Whether a row looks like a heading; type that OCR has measured says too little."""
    sentence = row.text[:1].islower() or row.text[-1:] in ".;:," or LABEL.match(row.text)
    return row.line.confidence is None and style.stands_out(row) and not sentence
