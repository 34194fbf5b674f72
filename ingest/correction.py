"""What a person has put right in the structure of one file: boundaries, numbers and headings of units, as data.

One TOML file an instrument, in ``corrections`` below the catalogue. It holds for the very file whose digest it names;
the table is described in ``docs/parsing.md``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date
from pathlib import Path

from ingest.numbering import Family, families, value
from ingest.page import Row
from ingest.paragraph import mend
from ingest.segment import Segment, Segmentation
from ingest.sequence import Candidate
from ingest.voting import Vote
from lawsearch.catalogue import table
from lawsearch.errors import MetadataError
from lawsearch.text import digits
from lawsearch.vocabulary import languages

#: Of the form of the files.
VERSION = 1
WHATS = ("unit", "not-unit", "number", "heading")
#: On the units of which a person has moved a boundary or changed a number or a heading.
FLAG = "corrected-by-hand"


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One line, by its page and its beginning, and ``what`` it is; ``who`` says so, ``when`` and ``why``.

    ``unit``: a unit with that number begins here; ``not-unit``: none does; ``number``: the unit that begins here has
    that number; ``heading``: the unit that begins here has that heading, or, where none is given, the line itself is
    the heading of the unit that begins below it. ``rest`` is what of the line is text of a unit, where that cannot be
    told. ``where`` names the file and the entry.
    """

    page: int
    line: str
    what: str
    who: str
    when: str
    why: str
    number: str = ""
    heading: str = ""
    rest: str | None = None
    where: str = ""

    @property
    def shown(self) -> str:
        """What it does and on whose word, for the report."""
        said = " ".join(part for part in (self.what, self.number, f"“{self.heading}”" if self.heading else "") if part)
        return f"p. {self.page} “{self.line}”: {said} ({self.who}, {self.when}: {self.why})"


@dataclass(frozen=True, slots=True)
class Corrections:
    """The corrections of one file: those of the text in ``language`` of the instrument ``id``.

    ``family``, where not empty, settles the numbering.
    """

    path: str
    id: str
    language: str
    source_digest: str
    family: str = ""
    entries: tuple[Correction, ...] = ()


@dataclass(frozen=True, slots=True)
class Book:
    """All files of corrections."""

    files: tuple[Corrections, ...] = ()

    def of(self, digest: str, identifier: str, language: str) -> Corrections | None:
        """The corrections of the text in ``language`` of the file with that digest, which holds that instrument.

        Raises MetadataError where they are those of another instrument.
        """
        for item in self.files:
            if item.source_digest == digest and item.language == language:
                if item.id != identifier:
                    raise MetadataError(
                        f"{item.path}: the file with this digest is {identifier}, not {item.id}",
                        "Correct the id, or how the file is recognised",
                    )
                return item
        return None

    def stale(self, digest: str, identifier: str, language: str) -> tuple[Corrections, ...]:
        """The corrections of the same text as another file had it: not to be applied."""
        return tuple(
            c for c in self.files if (c.id, c.language) == (identifier, language) and c.source_digest != digest
        )

    def about(self, digest: str) -> str:
        """All that is corrected in the file with that digest, to tell whether it has changed; '' for nothing."""
        found = [c for c in self.files if c.source_digest == digest]
        return "\n".join(
            repr((c.id, c.language, c.family, [replace(entry, where="") for entry in c.entries])) for c in found
        )


def load(folder: str | Path) -> Book:
    """The files of corrections in ``folder``. Raises MetadataError that names the file and the entry."""
    found = [_read(path) for path in sorted(Path(folder).glob("*.toml"))]
    seen: dict[tuple[str, str], Corrections] = {}
    for item in found:
        other = seen.setdefault((item.source_digest, item.language), item)
        if other is not item:
            raise MetadataError(f"{item.path}: the same file is corrected in {other.path}", "Put both into one")
    return Book(tuple(found))


def _read(path: Path) -> Corrections:
    values = table(path)
    named = {key: values.get(key, "") for key in ("id", "language", "source_digest", "family")}
    if unknown := sorted(set(values) - {*named, "version", "correction"}):
        raise MetadataError(f"{path}: unknown field {unknown[0]!r}", "See docs/parsing.md")
    if values.get("version") != VERSION:
        raise MetadataError(f"{path}: version must be {VERSION}", f"Write version = {VERSION}")
    for key, given in named.items():
        if not isinstance(given, str) or not (given or key == "family"):
            raise MetadataError(f"{path}: {key} must be a text", "See docs/parsing.md")
    if named["language"] not in languages():
        raise MetadataError(f"{path}: language {named['language']!r} is not known", "Use an ISO 639 code")
    if not re.fullmatch(r"[0-9a-f]{64}", str(named["source_digest"])):
        raise MetadataError(f"{path}: source_digest is no SHA-256", "lawsearch inspect shows that of the file")
    if named["family"] and named["family"] not in families():
        raise MetadataError(f"{path}: family {named['family']!r} is not known", f"Use one of: {', '.join(families())}")
    rows = values.get("correction", [])
    if not isinstance(rows, list):
        raise MetadataError(f"{path}: correction is not a list of tables", "Use [[correction]]")
    entries = tuple(_entry(row, f"{path}, correction {i}") for i, row in enumerate(rows, start=1))
    return Corrections(str(path), **{key: str(given) for key, given in named.items()}, entries=entries)


def _entry(row: dict[str, object], where: str) -> Correction:
    row = {k: v.isoformat() if isinstance(v, date) else v for k, v in row.items()}
    kinds = {f.name: int if f.name == "page" else str for f in fields(Correction) if f.name != "where"}
    for key, given in row.items():
        if key not in kinds:
            raise MetadataError(f"{where}: unknown field {key!r}", f"Use {', '.join(kinds)}")
        if not isinstance(given, kinds[key]) or isinstance(given, bool):
            raise MetadataError(f"{where}: {key} must be a {'number' if key == 'page' else 'text'}")
    for key in ("page", "line", "what", "who", "when", "why"):
        if not row.get(key):
            raise MetadataError(f"{where}: {key} is missing", "Say page, line, what, who, when and why")
    entry = Correction(**row, where=where)  # type: ignore[arg-type]
    if entry.what not in WHATS:
        raise MetadataError(f"{where}: what {entry.what!r} is not known", f"Use one of: {', '.join(WHATS)}")
    try:
        date.fromisoformat(entry.when)
    except ValueError:
        raise MetadataError(f"{where}: when {entry.when!r} is no date", "Write it as 2026-11-02") from None
    if (entry.what in ("unit", "number")) != bool(entry.number):
        raise MetadataError(f"{where}: number goes with unit and number, and only with them")
    if entry.number and value(entry.number) is None:
        raise MetadataError(f"{where}: {entry.number!r} is no number", "Write it as printed: 26D, ๓๗, 14.3")
    if entry.what == "not-unit" and (entry.heading or entry.rest is not None):
        raise MetadataError(f"{where}: what is no unit has neither heading nor rest")
    return entry


@dataclass(slots=True)
class Corrected:
    """A flow and its vote with corrections applied, ready to be cut.

    ``printed`` is the flow as it is printed, ``rows`` what of it is to be cut. By their places in ``printed``:
    ``headings`` given by hand, by the row at which the unit begins; ``touched``, the rows at which units begin that a
    person has changed; ``raised``, the rows of a heading, by the first of them.
    """

    printed: tuple[Row, ...]
    rows: list[Row]
    vote: Vote
    headings: dict[int, str] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)
    raised: dict[int, range] = field(default_factory=dict)

    def finished(self, cut: Segmentation) -> Segmentation:
        """What segmentation made of it, with the headings given by hand, flags, and the rows as they are printed."""
        if not self.touched and not self.raised:
            return cut
        starts = {id(self.printed[i]): i for i in self.touched}
        for item in cut.segments:
            places = [i for row in item.rows if (i := starts.get(id(row))) is not None]
            if cut.family is None or item.kind != cut.family.kind or not places:
                continue
            if places[0] in self.headings:
                _head(item, self.headings[places[0]])
            if heading := self.raised.get(places[0]):
                at = next(k for k, row in enumerate(item.rows) if row is self.printed[heading[0]])
                item.rows[at + 1 : at + 1] = [self.printed[i] for i in heading[1:]]
            item.flags = (*item.flags, FLAG)
        set_off = {i for heading in self.raised.values() for i in heading}
        left = {i for heading in self.raised.values() for i in heading[1:]}
        roles = iter(cut.roles)
        told = [next(roles) if i not in left else "" for i in range(len(self.printed))]
        return replace(
            cut, flow=self.printed, roles=tuple("heading" if i in set_off else role for i, role in enumerate(told))
        )


def _head(item: Segment, heading: str) -> None:
    """Give a unit its heading; what the parser took for the heading beyond it is text."""
    before = item.heading
    item.heading = heading
    if before.startswith(heading) and (more := before[len(heading) :].strip(" .:–—-")):
        item.text = f"{more} {item.text}".strip()


def corrected(rows: Sequence[Row], vote: Vote, given: Corrections | None) -> Corrected:
    """``rows`` and their ``vote`` as a person has put them right. Raises MetadataError that names the entry."""
    result = Corrected(tuple(rows), list(rows), vote)
    if given is None:
        return result
    family = families()[given.family] if given.family else vote.family
    chain = {c.row: c for c in vote.chain}
    raised: dict[int, Correction] = {}
    for entry in given.entries:
        at = _found(rows, entry)
        if family is None:
            raise MetadataError(f"{entry.where}: no numbering was found here", f"Write family = … in {given.path}")
        if entry.what == "heading" and not entry.heading:
            raised[at] = entry
            continue
        if entry.what != "unit" and at not in chain:
            raise MetadataError(
                f"{entry.where}: no unit begins on this line", "Use what = 'unit', or see lawsearch inspect"
            )
        if entry.what == "not-unit":
            del chain[at]
            continue
        if entry.number:
            chain[at] = _candidate(at, rows[at].text, entry, family, chain.get(at))
        if entry.heading:
            result.headings[at] = entry.heading
            chain[at] = replace(chain[at], rest=_behind(entry.heading, chain[at].rest))
        result.touched.add(at)
    _raise(result, chain, raised)
    left = {i for heading in result.raised.values() for i in heading[1:]}
    kept = [i for i in range(len(rows)) if i not in left]
    place = {i: k for k, i in enumerate(kept)}
    found = tuple(replace(chain[i], row=place[i]) for i in sorted(chain))
    result.rows = [result.rows[i] for i in kept]
    result.vote = replace(vote, family=family if found else None, chain=found)
    return result


def _raise(result: Corrected, chain: dict[int, Candidate], raised: dict[int, Correction]) -> None:
    """Let units begin at the lines above them that are their headings; the number's line keeps what is behind it.

    Of a heading of several lines the first stands for all while the flow is cut.
    """
    rows = result.rows
    for first in sorted(raised):
        if first - 1 in raised:
            continue
        at = first
        while at in raised:
            at += 1
        if at not in chain or set(range(first, at)) & set(chain):
            raise MetadataError(f"{raised[first].where}: no unit begins right below this line")
        unit = chain.pop(at)
        rows[at] = replace(rows[at], line=replace(rows[at].line, text=unit.rest))
        chain[first] = replace(unit, row=first, rest="")
        result.headings[first] = result.headings.pop(at, "") or mend([row.text for row in rows[first:at]])
        # A number that stands alone leaves nothing to be cut.
        result.raised[first] = range(first, at if unit.rest else at + 1)
        result.touched = (result.touched - {at}) | {first}


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _found(rows: Sequence[Row], entry: Correction) -> int:
    """The one row that an entry means."""
    wanted = _plain(entry.line)
    on = [(i, _plain(row.text)) for i, row in enumerate(rows) if row.line.page == entry.page]
    found = [i for i, text in on if text == wanted] or [i for i, text in on if text.startswith(wanted)]
    if not found:
        raise MetadataError(
            f"{entry.where}: page {entry.page} has no line of text that begins with {entry.line!r}",
            "lawsearch inspect shows the lines; those set aside (running heads, notes) cannot be corrected",
        )
    if len(found) > 1:
        raise MetadataError(f"{entry.where}: page {entry.page} has {len(found)} such lines", "Write more of the line")
    return found[0]


def _candidate(at: int, text: str, entry: Correction, family: Family, known: Candidate | None) -> Candidate:
    place = value(entry.number)
    assert place is not None
    if entry.rest is not None:
        rest = entry.rest
    elif known is not None:
        rest = known.rest
    elif match := family.pattern.match(text):
        rest = (match.groupdict().get("rest") or "").strip()
    else:
        label = re.match(rf"\W*(?:{re.escape(family.label.format(n=''))})?\W*", text)
        behind = text[label.end() :] if label else text
        tail = behind[len(entry.number) :]
        # Of 26D, 26 is not the number, but of 26Duty it is.
        own = digits(behind).startswith(digits(entry.number)) and not re.match(r"\d|[^\W\d_]{1,2}\b", tail)
        rest = tail.lstrip(" .:–—-") if own else text
    return Candidate(at, entry.number, rest, place)


def _behind(heading: str, rest: str) -> str:
    """What stands behind a heading on the line of the number."""
    return rest[len(heading) :].lstrip(" .:–—-") if rest.startswith(heading) else rest
