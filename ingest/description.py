"""What a document is: its language, and its instrument from the catalogue, a sidecar, or its own words."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from ingest.catalogue import Catalogue, Entry, sidecar
from ingest.page import Reading
from lawsearch.instrument import UNKNOWN, Instrument
from lawsearch.text import digits, slug
from lawsearch.vocabulary import languages

#: Latin-script languages of the region that the classifier tells apart.
_LATIN = ("en", "id", "ms", "tl", "vi", "pt")
#: Words that one language of a close pair uses all the time and the other hardly.
_TELLING = {
    "id": ("karena", "bahwa", "sebagaimana", "dimaksud", "pasal", "ayat", "tentang", "harus", "manapun"),
    "ms": ("kerana", "bahawa", "hendaklah", "seksyen", "perenggan", "mana-mana", "sebarang", "tiada", "ertinya"),
    "tet": ("iha", "ho", "ba", "nebe", "ne'ebé", "ne'e", "ema", "hotu", "tuir", "atu", "mak", "sira", "tenki"),
    "pt": ("que", "não", "em", "uma", "para", "os", "das", "dos", "são", "ou", "pela", "pelo", "artigo"),
}
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


@cache
def _classifier() -> LanguageIdentifier:
    # An identifier of our own: set_languages on the module's would change it for everyone.
    found = LanguageIdentifier.from_model_file(MODEL_FILE)
    found.set_languages(list(_LATIN))
    return found


def language_of(text: str, jurisdiction: str = "") -> str:
    """ISO code of the language of ``text``; ``unknown`` for a text without letters.

    Scripts are told by their Unicode block; Latin-script languages by py3langid among those of the region;
    Indonesian from Malay, and Tetum from Portuguese, by telling words, and where those are even by ``jurisdiction``.
    """
    letters = [ord(c) for c in text if c.isalpha()]
    if not letters:
        return UNKNOWN
    for code, language in languages().items():
        if language.block:
            low, high = language.block
            if sum(low <= c <= high for c in letters) > 0.4 * len(letters):
                return code
    sample = re.sub(r"\s+", " ", text)[:20000]
    code = str(_classifier().classify(sample)[0])
    words = Counter(re.findall(r"[^\W\d_][\w'’-]*", sample.casefold()))
    counts = {name: sum(words[w] for w in telling) for name, telling in _TELLING.items()}
    if counts["tet"] > counts["pt"] and counts["tet"] > 0.05 * sum(words.values()):
        return "tet"
    if code in ("id", "ms"):
        if counts["id"] == counts["ms"]:
            return "id" if jurisdiction == "id" else "ms" if jurisdiction in ("my", "bn", "sg") else code
        return "id" if counts["id"] > counts["ms"] else "ms"
    return code


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
    Nothing is defaulted: without evidence the instrument is ``/akn/unknown/doc/<slug of the file's stem>``.
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


def _described(entry: Entry, source: str) -> Description:
    return Description(entry.instrument, source, entry.family, entry.language)


def _self_described(path: Path, front: str) -> Instrument:
    stem = slug(path.stem).lower() or "document"
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
