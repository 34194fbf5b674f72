"""What a document is: its language, and its instrument from the catalogue, a sidecar, or its own words."""

from __future__ import annotations

import hashlib
import re
import tomllib
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from ingest.page import Reading
from lawsearch.catalogue import Catalogue, Entry, sidecar
from lawsearch.errors import MetadataError
from lawsearch.instrument import Instrument
from lawsearch.text import digits, slug

_FRONT = 2


@dataclass(frozen=True, slots=True)
class Sign:
    """How a document names itself; fields as in ``signs.toml``."""

    pattern: re.Pattern[str]
    jurisdiction: str
    kind: str
    era: int = 0


@cache
def signs() -> tuple[Sign, ...]:
    """The table of signs."""
    rows = tomllib.loads(files("ingest").joinpath("signs.toml").read_text("utf-8"))["sign"]
    return tuple(Sign(re.compile(r["pattern"]), r["jurisdiction"], r["kind"], r.get("era", 0)) for r in rows)


@dataclass(frozen=True, slots=True)
class Description:
    """An instrument, how it came to be known (``sidecar``, ``catalogue``, ``document``, ``given``), and hints.

    ``family`` and ``language``, where not empty, settle the numbering and the language of the text.
    """

    instrument: Instrument
    source: str
    family: str = ""
    language: str = ""


def describe(path: str | Path, reading: Reading, catalogue: Catalogue | None = None) -> Description:
    """What the document at ``path`` is.

    A ``.toml`` beside it comes first, then the catalogue's ``recognise``, then what the first pages say outright.
    Nothing is defaulted: without evidence the instrument is ``/akn/unknown/doc/<the file's stem>``.
    Raises MetadataError for a sidecar that is wrong.
    """
    pages = reading.pages[:_FRONT]
    front = "\n".join(page.text for page in pages)
    # As drawn, a running head may come last; as seen, two columns are mixed: the catalogue is asked with both.
    seen = "\n".join(x.text for page in pages for x in sorted(page.lines, key=lambda line: (line.y0, line.x0)))
    beside = sidecar(path)
    if beside:
        return _described(beside, "sidecar")
    known = (catalogue.recognised(front) or catalogue.recognised(seen)) if catalogue else None
    if known:
        return _described(known, "catalogue")
    return Description(_self_described(Path(path), front), "document")


def named(path: str | Path) -> str:
    """The id of the instrument that is known before a document is read, from a sidecar; or empty."""
    try:
        beside = sidecar(path)
    except MetadataError:
        return ""
    return beside.instrument.id if beside else ""


def spoken(path: str | Path, instrument: Instrument | None = None) -> str:
    """The language that is known before a document is read: that of the instrument given, or of a sidecar."""
    beside = None if instrument else sidecar(path)
    if beside and beside.language:
        return beside.language
    known = instrument or (beside.instrument if beside else None)
    return known.languages[0] if known and len(known.languages) == 1 else ""


def _described(entry: Entry, source: str) -> Description:
    return Description(entry.instrument, source, entry.family, entry.language)


def _self_described(path: Path, front: str) -> Instrument:
    stem = _stem(path.stem)
    plain = Instrument(id=f"/akn/unknown/doc/{stem}", title=path.stem)
    found = [(match.start(), sign, match) for sign in signs() if (match := sign.pattern.search(front))]
    if not found:
        return plain
    _, sign, match = min(found, key=lambda item: item[0])
    groups = match.groupdict()
    number = digits(groups.get("n") or groups.get("m") or "").replace("l", "1").replace("I", "1").replace("/", "-")
    year = int(digits(groups["y"])) - sign.era if groups.get("y") else _year(front, sign)
    kind = {"law": "act"}.get(sign.kind, sign.kind)
    title = _title(front, match)
    values = replace(
        plain, jurisdiction=sign.jurisdiction, kind=sign.kind, number=number, year=year, native_title=title
    )
    if number and year:
        return replace(values, id=f"/akn/{sign.jurisdiction}/{kind}/{year}/{number}")
    return replace(values, id=f"/akn/{sign.jurisdiction}/doc/{stem}")


def _stem(name: str) -> str:
    """The name of a file as a part of an identifier, which is ASCII: what of another script cannot stand in it is told
    by a digest, however the file system spells the name."""
    plain = slug(name).lower()
    if plain and plain.isascii():
        return plain
    whole = unicodedata.normalize("NFC", name).casefold().encode("utf-8", "surrogatepass")
    return "-".join([*re.findall("[a-z0-9]+", plain), hashlib.sha256(whole).hexdigest()[:8]])


def _year(front: str, sign: Sign) -> int | None:
    """A year that the title of a common-law act carries (``... ACT 2010``)."""
    if sign.kind not in ("act", "bill"):
        return None
    match = re.search(r"\b(?:ACT|Act|BILL|Bill)(?: of)? (\d{4})\b", front)
    return int(match[1]) if match else None


def _title(front: str, match: re.Match[str]) -> str:
    """The line on which the document names itself, joined with the next where that goes on."""
    start = front.rfind("\n", 0, match.start()) + 1
    end = front.find("\n", match.end())
    return re.sub(r"\s+", " ", front[start : end if end >= 0 else None]).strip()[:200]
