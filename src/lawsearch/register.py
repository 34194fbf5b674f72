"""What instruments are called: by which names, numbers and abbreviations each is cited, and what could be a name."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

from lawsearch.citation import number_key, words_of_citations
from lawsearch.instrument import Instrument
from lawsearch.text import digits, folded, normal
from lawsearch.vocabulary import jurisdictions

#: The official number at the end of a title: a title is also cited without.
_OFFICIAL = re.compile(r"\s*(?:\bNo\.?|\bNomor|\bsố|ສະບັບເລກທີ|ເລກທີ|លេខ)\s*[\w/.-]*\d[\w/.-]*\s*$", re.IGNORECASE)
_SPLIT = re.compile(r"[\s,;:.()\[\]{}“”\"'‘’«»/_–—-]+")
_YEAR = re.compile(r"(?<!\d)(1[89]\d\d|2[0-6]\d\d)(?!\d)")
_NUMBERED = (
    re.compile(
        r"(?<![\w/])(?P<n>[a-z]?\d{1,6})\s*(?:/|\s(?:of|tahun|năm|de|of the year)\s)\s*(?P<y>\d{4})(?!\d)"
        r"(?P<tail>(?:/[\w-]+)*)", re.IGNORECASE,
    ),
    re.compile(r"(?<![\w/])(?P<y>(?:19|20)\d\d)\s*[/-]\s*(?P<n>\d{1,4})(?![\w/])(?P<tail>)"),
)  # fmt: skip
_BUDDHIST = 543


@dataclass(frozen=True)
class _Name:
    """A text that may name an instrument: its words without years, numbers and what says nothing; and those.

    What is asked of it for every instrument that is known is found out once."""

    words: tuple[str, ...]
    years: frozenset[int] = frozenset()
    number: str = ""
    year: int = 0
    jurisdiction: str = ""

    @cached_property
    def key(self) -> str:
        return folded("".join(self.words))

    @cached_property
    def alone(self) -> str:
        """The number of an instrument that is cited without a year: ``Act 709``."""
        return next((w for w in self.words if re.fullmatch(r"a?\d{1,6}", w)), "")

    @cached_property
    def rest(self) -> tuple[str, ...]:
        """The words beside that number."""
        return tuple(w for w in self.words if w != self.alone)

    @cached_property
    def places(self) -> frozenset[str]:
        """The jurisdictions where such words and a number are enough."""
        line = " ".join(self.rest)
        return frozenset(c for kind, codes, alone in _kinds() if alone and " ".join(kind) in line for c in codes)


@cache
def _expansions() -> re.Pattern[str]:
    latin = sorted((w for w in words_of_citations()["expand"] if w[0] < "\u0250"), key=len, reverse=True)
    other = sorted((w for w in words_of_citations()["expand"] if w[0] >= "\u0250"), key=len, reverse=True)
    left = rf"(?<!\w)(?:{'|'.join(map(re.escape, latin))})(?!\w)\.?"
    return re.compile("|".join([left, *map(re.escape, other)]))


def _expanded(text: str) -> str:
    table = words_of_citations()["expand"]
    text = _expansions().sub(lambda m: f" {table.get(m[0]) or table[m[0].rstrip('.')]} ", text)
    for word in words_of_citations()["fillers"]["native"]:
        text = text.replace(word, " ")
    return text


@cache
def _fillers() -> frozenset[str]:
    return frozenset(words_of_citations()["fillers"]["words"])


def _name(text: str) -> _Name:
    """``text`` taken apart as the name of an instrument."""
    text = digits(normal(text)).casefold()
    code = ""
    if match := re.search(rf"\((?P<code>{'|'.join(jurisdictions())})\)", text):
        code = match["code"]
        text = text.replace(match[0], " ")
    text = _expanded(text)
    number, year = "", 0
    for pattern in _NUMBERED:
        if match := pattern.search(text):
            number, year = match["n"], _common(int(match["y"]))
            text = f"{text[: match.start()]} {text[match.end() :]}"
            break
    years = frozenset(_common(int(y)) for y in _YEAR.findall(text))
    if years:
        text = _YEAR.sub(" ", text)
    words = tuple(w for w in _SPLIT.split(text) if w and w not in _fillers())
    return _Name(words, years, number, year, code)


def _exact(text: str) -> str:
    """The text with its years and numbers, for comparing."""
    words = _SPLIT.split(_expanded(digits(normal(text)).casefold()))
    return folded("".join(w for w in words if w not in _fillers()))


def _common(year: int) -> int:
    """A year of the Buddhist Era as one of the Common Era."""
    return year - _BUDDHIST if year > 2400 else year


@cache
def _kinds() -> tuple[tuple[tuple[str, ...], frozenset[str], bool], ...]:
    """The words of each kind, where they are used, and whether a number after them is enough."""
    return tuple(
        (tuple(w for w in _SPLIT.split(word) if w), frozenset(row["jurisdictions"]), row.get("alone", False))
        for row in words_of_citations()["kind"]
        for word in row["words"]
    )


@cache
def _called() -> dict[str, str]:
    """Jurisdictions by the words for them."""
    names = {j.name: code for code, j in jurisdictions().items() if code not in ("int", "unknown", "asean")}
    names |= {word: code for code, words in words_of_citations()["jurisdictions"].items() for word in words}
    return {" ".join(w for w in _SPLIT.split(name.casefold()) if w): code for name, code in names.items()}


def _placed(name: _Name) -> _Name:
    """The name with the jurisdiction that stands among its words set apart."""
    line = f" {' '.join(name.words)} "
    for word, code in sorted(_called().items(), key=lambda row: -len(row[0])):
        if f" {word} " in line:
            return _Name(tuple(line.replace(f" {word} ", " ").split()), name.years, name.number, name.year, code)
    return name


@dataclass(slots=True)
class _Known:
    """An instrument and everything it is called."""

    instrument: Instrument
    present: bool
    keys: set[str] = field(default_factory=set)
    exact: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    numbers: set[str] = field(default_factory=set)

    def learn(self, i: Instrument) -> None:
        """Add what the facts ``i`` call it."""
        for title in (i.title, i.native_title, i.short_title):
            self.words.update((*_name(title).words, *_name(i.number).words))
            self.exact.add(_exact(title))
            for text in _titles(title):
                name = _name(text)
                self.exact.add(_exact(text))
                self.words.update(name.words)
                self.keys.add(name.key)
                if title != i.short_title:
                    self.keys.add(_initials(text))
        if len(official := _name(i.number).key) > 5:
            self.keys.add(official)
        kinds = {folded("".join(words)): words for words, *_ in _kinds()}
        self.keys -= {"", i.jurisdiction, *kinds}
        self.words.update(key for key in self.keys if len(key) < 9)
        # A state has one constitution: the word is its name.
        if i.kind == "constitution":
            self.keys.update(key for key, words in kinds.items() if self.words.issuperset(words))
        for found in re.findall(r"[A-Za-z]?\d+", digits(i.number).split("/")[0]):
            self.numbers.add(found.casefold())
        if not self.numbers and (match := re.search(r"/(\d+)(?:-demo)?$", i.id)):
            self.numbers.add(match[1])


def _titles(title: str) -> Iterator[str]:
    """The texts of a title that can stand for the whole: the pieces between commas, what is added in brackets."""
    yield re.sub(r"\s*\([^()]*\)\s*$", "", title)
    for piece in title.split(","):
        plain = re.sub(r"(\s*\([^()]*\))+\s*$", "", piece)
        if len(plain.split()) > 1 or not plain.isascii():
            yield plain
            yield _OFFICIAL.sub("", plain)
    for inner in re.findall(r"\(([^()]*)\)(?=\s*$|,)", title):
        if 1 < len(inner.split()) < 12 or inner.isupper():
            yield inner


def _initials(title: str) -> str:
    """``Personal Data Protection Act 2010`` as ``pdpa``; empty where that would be too short to tell."""
    letters = [w[0] for w in re.findall(r"[A-Za-z][\w’'-]*", title) if w[0].isupper()]
    return "".join(letters).casefold() if 3 <= len(letters) <= 7 else ""


def _numbered(key: str) -> tuple[str, str]:
    """How the last part of an id begins, and its number."""
    prefix, _, number = key.rsplit("/~", 1)[-1].rsplit("__", 1)[-1].partition("_")
    return prefix, number


class Register:
    """The instruments of a corpus and of a catalogue by what they are called, and the units of the corpus by number.

    Made once for a generation: ``ids`` are those of its units."""

    def __init__(self, present: Mapping[str, Instrument], known: Iterable[Instrument], ids: Sequence[str]) -> None:
        self.present = present
        self._known = {key: _Known(i, True) for key, i in present.items()}
        for key, i in present.items():
            self._known[key].learn(i)
        for i in known:
            here = [key for key in (i.id, i.id + "-demo") if key in present]
            if not here:
                self._known[i.id] = _Known(i, False)
            for key in here or [i.id]:
                self._known[key].learn(i)
        self._ids = ids
        #: Rows, not ids: of those there are many.
        self._units: dict[str, array[int]] = {}
        for row, key in enumerate(ids):
            _, number = _numbered(key)
            if number:
                self._units.setdefault(number_key(number), array("l")).append(row)

    def units(self, number: str) -> list[tuple[str, str]]:
        """The units of that number: how their eIds begin, and their ids."""
        found = [self._ids[row] for row in self._units.get(number_key(number), ())]
        return [(_numbered(key)[0], key) for key in found]

    def named(self, text: str) -> tuple[list[Instrument], list[Instrument]]:
        """The instruments that ``text`` names: those of the corpus, and those only known of."""
        name = _name(text)
        found = self._fitting(name)
        if not any(k.present for k in found) and (placed := _placed(name)) != name:
            found = self._fitting(placed) or found
        # Of several that a text could name, the one that is called exactly so is meant.
        key = _exact(text)
        found = [k for k in found if key in k.exact] or found
        return [k.instrument for k in found if k.present], [k.instrument for k in found if not k.present]

    def _fitting(self, name: _Name) -> list[_Known]:
        numbered = name.number or name.alone
        return [
            k
            for k in self._known.values()
            if (not name.jurisdiction or k.instrument.jurisdiction == name.jurisdiction)
            and (_by_number(k, name) if numbered else _by_title(k, name))
        ]


def _by_title(known: _Known, name: _Name) -> bool:
    return bool(name.key) and name.key in known.keys and _of_year(known, name)


def _of_year(known: _Known, name: _Name) -> bool:
    year = known.instrument.year
    return not name.years or year is None or year in name.years


def _by_number(known: _Known, name: _Name) -> bool:
    i = known.instrument
    number, words = name.number, name.words
    if not number:
        number, words = name.alone, name.rest
        if i.jurisdiction not in name.places or not _of_year(known, name):
            return name.key in known.keys and _of_year(known, name)
    elif i.year is None or i.year != name.year:
        return False
    if number not in known.numbers:
        return False
    here = {w for kind, codes, _ in _kinds() if not codes or i.jurisdiction in codes for w in kind}
    return all(w in known.words or w in here or w.isdecimal() for w in words)


def looks_like_a_name(text: str) -> bool:
    """Whether an unknown ``text`` can only be the name of an instrument: an abbreviation, a kind with a number, or
    capitalised words with a kind among them."""
    tokens = [w for w in _SPLIT.split(text) if w]
    telling = [w for w in tokens if w.casefold() not in _fillers() and not _YEAR.fullmatch(w)]
    if not telling or len(tokens) > 12:
        return False
    if len(telling) == 1 and re.fullmatch(r"[A-Z]{2,}[A-Za-z]*", telling[0]):
        return True
    name = _name(text)
    line = f" {' '.join(name.words)} "
    kinds = [kind for kind, *_ in _kinds() if f" {' '.join(kind)} " in line]
    native = any(line.startswith(f" {kind[0]}") for kind, *_ in _kinds() if not kind[0].isascii())
    if native:
        return len(text) <= 90 and len(tokens) <= 8
    if not kinds:
        return False
    rest = [w for w in telling if w[0].isalpha() and not w[0].isupper() and w.casefold() not in sum(kinds, ())]
    return not rest and (bool(name.number) or len(telling) > 1)
