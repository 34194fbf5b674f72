"""Citations as people type them: what a short text cites, in any of the region's styles, and whether it is there.

The words of citations are data (``data/citations.toml``). A text is a citation only where every word of it belongs to
one: the number of a provision, and the name, number or abbreviation of an instrument. Anything else is left to search.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from lawsearch.errors import NotFoundError
from lawsearch.instrument import Instrument
from lawsearch.provision import Provision
from lawsearch.store import Store
from lawsearch.text import digits, folded, normal, slug
from lawsearch.vocabulary import jurisdictions

#: Longer texts are not looked at: no citation has so many characters.
LONGEST = 300
#: Of a provision without an instrument ("section 5"), so many are listed.
MOST = 30
_IDENTIFIER = re.compile(r"(?:https?://[^/\s]+)?/?(akn(?:/[^\s?#]+)+)(?:[?#]\S*)?/?")
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
_CHINESE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "十": 10, "百": 100}
#: A number of a provision as typed, native digits already turned into 0-9.
_NUMBER = (
    r"(?P<n>\d{1,4}(?:\.\d{1,3})?(?:-?[a-z]{1,3}(?![^\W\d_])|\s(?-i:[A-Z])(?!\w))?(?:\s?(?:ทวิ|ตรี|จัตวา|เบญจ|ฉ|สัตต|อัฏฐ|นว|ทศ)(?=\s|$))?"
    r"(?:/\d{1,2})?(?:\s?[-–‐]\s?[\u1000-\u1021])?)(?:\.?[º°]|\.o\b)?(?![\w/])"
)
_VALUE = r"(?:\d{1,3}[a-z]{0,2}|[a-zđ]{1,4}|[\u0e01-\u0e2e]|[\u1000-\u1021]{1,2}|[\u1780-\u17a2])"


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("lawsearch").joinpath("data", "citations.toml").read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Citation:
    """What a text cites, as typed: ``number`` of the unit and what it is called (``says``), ``parts`` below it,
    outermost first, and what is left of the text: its ``instrument``. ``identifier`` is an Akoma Ntoso id, alone."""

    text: str
    instrument: str = ""
    number: str = ""
    says: str = ""
    prefix: str = ""
    languages: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()
    identifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """What a citation comes to in a corpus: ``provisions``, best first, or only ``instruments``; ``unknown`` says in
    a sentence which part of the citation is not there, empty where all is."""

    citation: Citation
    provisions: tuple[Provision, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    unknown: str = ""


# -- reading a text -------------------------------------------------------------------------------------------------


def _either(words: Iterable[str]) -> str:
    """A pattern for any of the words; those in Latin letters stand by themselves and may have a full stop."""
    ordered = sorted(dict.fromkeys(words), key=len, reverse=True)
    latin = [w for w in ordered if w[0].isalpha() and ord(w[0]) < 0x250]
    other = [w for w in ordered if w not in latin]
    found = [rf"(?<![\w])(?:{'|'.join(map(re.escape, latin))})(?:(?<=\.)|\.?)(?![^\W\d_])"] if latin else []
    return "|".join(found + [re.escape(w) for w in other])


@cache
def _units() -> re.Pattern[str]:
    words = _either(word for row in _data()["unit"] for word in row["words"])
    part = _either(_data()["parts"]["words"])
    ordinals = "|".join(map(re.escape, _data()["parts"]["ordinals"]))
    value = rf"\(\s*{_VALUE}\s*\)|{_VALUE}\)?(?![\w(])"
    small = r"(?:of|do|da|của|dari|daripada|ng)"
    return re.compile(
        rf"(?P<before>(?:(?:{part})\s*(?:{value})\s*,?\s*(?:{small}\s+(?:the\s+)?)?)*)"
        rf"(?:(?P<word>{words})\s*{_NUMBER}|第\s*(?P<zh>\d{{1,4}}|[零〇一二三四五六七八九十百两]{{1,7}})\s*[条條])"
        rf"(?P<after>(?:\s*,?\s*(?:\(\s*{_VALUE}\s*\)|(?:{part})\s*(?:{ordinals}|{value})))*)",
        re.IGNORECASE,
    )


@cache
def _piece() -> re.Pattern[str]:
    ordinals = "|".join(map(re.escape, _data()["parts"]["ordinals"]))
    word = _either(_data()["parts"]["words"])
    return re.compile(
        rf"\(\s*(?P<b>{_VALUE})\s*\)|(?:{word})\s*(?:(?P<o>{ordinals})|\(?\s*(?P<v>{_VALUE})\s*\)?)", re.IGNORECASE
    )


@cache
def _unit_of() -> dict[str, dict[str, Any]]:
    return {word.casefold(): row for row in _data()["unit"] for word in row["words"]}


def parse(text: str) -> Citation:
    """What ``text`` would cite if it is a citation: a pure reading, knowing of no instrument."""
    text = normal(text)
    if match := _IDENTIFIER.fullmatch(text):
        return Citation(text, identifier="/" + match[1].rstrip("/"))
    # Digits are exchanged one for one, so places stay.
    match = _units().search(digits(text))
    if match is None:
        return Citation(text, text)
    rest = f"{text[: match.start()].rstrip(' ,;')} {text[match.end() :].lstrip(' ,;.')}".strip(" ,;")
    before = [_value(m) for m in _piece().finditer(match["before"] or "")]
    after = [_value(m) for m in _piece().finditer(match["after"] or "")]
    parts = tuple(before[::-1] + after)
    if match["zh"]:
        return Citation(text, rest, match["zh"], "第", "art", ("zh",), parts)
    word = match["word"].casefold()
    row = _unit_of().get(word) or _unit_of().get(word.rstrip("."))
    if row is None:  # letters that match in any case and fold to others (a dotless i)
        return Citation(text, text)
    number = re.sub(r"(?<=\d)\s(?=[A-Z]$)", "", text[match.start("n") : match.end("n")].strip())
    return Citation(text, rest, number, row["says"], row["prefix"], tuple(row["languages"]), parts)


def _value(match: re.Match[str]) -> str:
    return match["b"] or match["o"] or match["v"]


def _chinese(text: str) -> int:
    """The value of a number in Chinese characters up to 999, or in digits."""
    if text.isdecimal():
        return int(text)
    total = left = 0
    for sign in text:
        value = _CHINESE[sign]
        if value < 10:
            left = value
        else:
            total += (left or 1) * value
            left = 0
    return total + left


def number_key(number: str) -> str:
    """The number of a provision or part for comparing: ``26D``, ``(๔)``, ``第五条`` as ``26d``, ``4``, ``5``."""
    plain = digits(unicodedata.normalize("NFC", number)).strip(" ()[].:။ºª°")
    if plain and all(c in _CHINESE for c in plain):
        return str(_chinese(plain))
    return slug(plain).casefold()


# -- what instruments are called ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Name:
    """A text that may name an instrument: its words without years, numbers and what says nothing; and those."""

    words: tuple[str, ...]
    years: frozenset[int] = frozenset()
    number: str = ""
    year: int = 0
    jurisdiction: str = ""

    @property
    def key(self) -> str:
        return folded("".join(self.words))


@cache
def _expansions() -> re.Pattern[str]:
    latin = sorted((w for w in _data()["expand"] if w[0] < "\u0250"), key=len, reverse=True)
    other = sorted((w for w in _data()["expand"] if w[0] >= "\u0250"), key=len, reverse=True)
    left = rf"(?<!\w)(?:{'|'.join(map(re.escape, latin))})(?!\w)\.?"
    return re.compile("|".join([left, *map(re.escape, other)]))


def _expanded(text: str) -> str:
    table = _data()["expand"]
    text = _expansions().sub(lambda m: f" {table.get(m[0]) or table[m[0].rstrip('.')]} ", text)
    for word in _data()["fillers"]["native"]:
        text = text.replace(word, " ")
    return text


@cache
def _fillers() -> frozenset[str]:
    return frozenset(_data()["fillers"]["words"])


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
        for row in _data()["kind"]
        for word in row["words"]
    )


@cache
def _called() -> dict[str, str]:
    """Jurisdictions by the words for them."""
    names = {j.name: code for code, j in jurisdictions().items() if code not in ("int", "unknown", "asean")}
    names |= {word: code for code, words in _data()["jurisdictions"].items() for word in words}
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


class Register:
    """The instruments of a corpus and of a catalogue by what they are called, and the units of the corpus by number.

    Made once for a generation: ``ids`` are those of its units."""

    def __init__(self, present: Mapping[str, Instrument], known: Iterable[Instrument], ids: Iterable[str]) -> None:
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
        self._units: dict[str, list[tuple[str, str]]] = {}
        for key in ids:
            prefix, _, number = key.rsplit("/~", 1)[-1].rsplit("__", 1)[-1].partition("_")
            if number:
                self._units.setdefault(number_key(number), []).append((prefix, key))

    def units(self, number: str) -> list[tuple[str, str]]:
        """The units of that number: how their eIds begin, and their ids."""
        return self._units.get(number_key(number), [])

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
        numbered = name.number or _alone(name)
        return [
            k
            for k in self._known.values()
            if (not name.jurisdiction or k.instrument.jurisdiction == name.jurisdiction)
            and (_by_number(k, name) if numbered else _by_title(k, name))
        ]


def _alone(name: _Name) -> str:
    """The number of an instrument that is cited without a year: ``Act 709``."""
    return next((w for w in name.words if re.fullmatch(r"a?\d{1,6}", w)), "")


def _by_title(known: _Known, name: _Name) -> bool:
    return bool(name.key) and name.key in known.keys and _of_year(known, name)


def _of_year(known: _Known, name: _Name) -> bool:
    year = known.instrument.year
    return not name.years or year is None or year in name.years


def _by_number(known: _Known, name: _Name) -> bool:
    i = known.instrument
    number, words = name.number, name.words
    if not number:
        number = _alone(name)
        words = tuple(w for w in words if w != number)
        line = " ".join(words)
        where = {code for kind, codes, alone in _kinds() if alone and " ".join(kind) in line for code in codes}
        if i.jurisdiction not in where or not _of_year(known, name):
            return name.key in known.keys and _of_year(known, name)
    elif i.year is None or i.year != name.year:
        return False
    here = {w for kind, codes, _ in _kinds() if not codes or i.jurisdiction in codes for w in kind}
    return number in known.numbers and all(w in known.words or w in here or w.isdecimal() for w in words)


# -- finding it -----------------------------------------------------------------------------------------------------


def cite(text: str, register: Register, store: Store) -> Cited | None:
    """What ``text`` cites, in the corpus; None where it is no citation."""
    if len(text) > LONGEST or "\n" in text.strip():
        return None
    citation = parse(text)
    if citation.identifier:
        return _identified(citation, register, store)
    present, known = register.named(citation.instrument) if citation.instrument else ([], [])
    if not citation.number:
        return Cited(citation=citation, instruments=tuple(present)) if present else None
    if present or not citation.instrument:
        return _located(citation, present, register, store)
    if known:
        named = known[0].name
        return Cited(citation=citation, unknown=f"{named} is in the catalogue, but the corpus has no text of it")
    if looks_like_a_name(citation.instrument):
        return Cited(citation=citation, unknown=f"No instrument “{citation.instrument}” is known here")
    return None


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


def _identified(citation: Citation, register: Register, store: Store) -> Cited:
    key = citation.identifier
    if "/~" not in key:
        there = register.present
        found = there.get(key) or there.get(key.rsplit("/", 1)[0])
        if found:
            return Cited(citation=citation, instruments=(found,))
        return Cited(citation=citation, unknown=f"No instrument {key} is in the corpus")
    try:
        return Cited(citation=citation, provisions=(store.resolve(key),))
    except NotFoundError as error:
        return Cited(citation=citation, unknown=f"{error.problem[:1].upper()}{error.problem[1:]}")


def _located(citation: Citation, present: Sequence[Instrument], register: Register, store: Store) -> Cited:
    works = {i.id for i in present}
    units = [(prefix, key) for prefix, key in register.units(citation.number) if not works or _work(key) in works]
    fitting = [u for u in units if u[0] == citation.prefix]
    # Of a named instrument a number is enough: what one translation calls an article is a section in another.
    found = [store.provision(key) for _, key in (fitting if fitting or not works else units)]
    if not works:
        spoken = [u for u in found if u.language in citation.languages]
        found = spoken or (found if "en" in citation.languages else [])
    if not found:
        what = f"第{citation.number}条" if citation.says == "第" else f"{citation.says} {citation.number}"
        names = ", ".join(_named(i, present) for i in present[:4])
        unknown = (
            f"{names} {'have' if len(present) > 1 else 'has'} no {what}" if present else f"No text here has a {what}"
        )
        return Cited(citation=citation, instruments=tuple(present), unknown=unknown)
    provisions, missing = [], []
    for unit in _in_one_language(found, citation, register.present)[:MOST]:
        provision, left = _below(unit, citation.parts, store)
        provisions.append(provision)
        missing.append(left)
    # Where some have the part, the others were not meant.
    whole = [p for p, left in zip(provisions, missing, strict=True) if not left]
    if whole:
        return Cited(citation=citation, provisions=tuple(whole))
    unknown = f"{provisions[0].citation} has no part ({missing[0]}) of its own; the whole is shown"
    return Cited(citation=citation, provisions=tuple(provisions), unknown=unknown)


def _work(key: str) -> str:
    return key.split("/~", 1)[0].rsplit("/", 1)[0]


def _named(i: Instrument, others: Sequence[Instrument]) -> str:
    return f"{i.name} ({i.jurisdiction.upper()})" if len(others) > 1 else i.name


def _in_one_language(
    units: Sequence[Provision], citation: Citation, present: Mapping[str, Instrument]
) -> list[Provision]:
    """Those of each instrument in the language of the citation's words, else in the one that prevails."""
    order = list(jurisdictions())

    def rank(u: Provision) -> tuple[bool, bool, str]:
        return u.language not in citation.languages, u.language != present[u.instrument].authoritative, u.language

    best: dict[str, tuple[bool, bool, str]] = {}
    for unit in units:
        best[unit.instrument] = min(best.get(unit.instrument, rank(unit)), rank(unit))
    kept = [u for u in units if rank(u) == best[u.instrument]]
    return sorted(kept, key=lambda u: (order.index(present[u.instrument].jurisdiction), u.instrument, u.eid))


def _below(unit: Provision, parts: Sequence[str], store: Store) -> tuple[Provision, str]:
    """The part that ``parts`` lead to from ``unit``, or how far they lead and the first that is not there."""
    for part in parts:
        key = number_key(part)
        level = store.children(unit)
        # A level that a citation leaves out (a point of an unnumbered paragraph) is passed over.
        for _ in range(2):
            if found := next((c for c in level if number_key(c.number) == key), None):
                break
            level = [g for c in level for g in store.children(c)]
        if not found:
            return unit, part
        unit = found
    return unit, ""
