"""The parameters that a text sets: durations, ages, amounts of money and percentages, comparable across languages.

Values are exact and units few: minutes become hours, weeks days, years months, since those are equal in any law; days
are not made hours (three days end at midnight, 72 hours need not), working days not days, months not days.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from lawsearch.tracing import UNSPACED, edges, traced

#: Kinds in the order in which they are shown.
KINDS = ("duration", "age", "amount", "percentage")
#: Unit -> the one it is counted in and how many of that it is.
_COUNTED = {
    "minute": ("hours", Fraction(1, 60)), "hour": ("hours", Fraction(1)), "day": ("days", Fraction(1)),
    "week": ("days", Fraction(7)), "working day": ("working days", Fraction(1)), "month": ("months", Fraction(1)),
    "year": ("months", Fraction(12)),
}  # fmt: skip
#: Roughly how many hours; only for putting durations in order.
_HOURS = {"hours": 1, "days": 24, "working days": 34, "months": 730}
#: A number of years from which it is the year of a date.
_CALENDAR = 1000
#: Characters before a number of years in which a word for age makes it an age.
_NEAR = 30


@dataclass(frozen=True, slots=True)
class Parameter:
    """``text[start:end]`` states ``value`` ``unit``. Units of durations: hours, days, working days, months; of ages:
    years; of amounts: the currency, or ``dollars`` where the text does not say whose; of percentages: per cent."""

    kind: str
    value: Fraction
    unit: str
    start: int
    end: int

    @property
    def shown(self) -> str:
        """In words, the same for the same value: ``72 hours``, ``5 years``, ``IDR 6,000,000,000``, ``2 %``."""
        value, unit = self.value, self.unit
        if self.kind == "duration" and unit == "months" and value % 12 == 0:
            value, unit = value / 12, "years"
        number = f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.10g}"
        if self.kind == "percentage":
            return f"{number} %"
        if self.kind == "amount" and unit != "dollars":
            return f"{unit} {number}"
        return f"{number} {unit.removesuffix('s') if value == 1 else unit}"

    @property
    def order(self) -> tuple[int, str, Fraction]:
        """Sorts by kind, then (amounts) currency, then size."""
        size = self.value * _HOURS.get(self.unit, 1)
        return KINDS.index(self.kind), self.unit if self.kind == "amount" else "", size


def parameters(text: str, language: str, jurisdiction: str = "") -> tuple[Parameter, ...]:
    """The parameters of ``text`` in order, none overlapping another; () where there is no table for the language.

    In a law of ``jurisdiction``, dollars that nothing more is said of are its own.
    """
    return tuple(
        replace(p, unit=_table()["dollars"].get(jurisdiction, p.unit)) if p.unit == "dollars" else p
        for p in _parameters(text, language)
    )


@lru_cache(1024)
def _parameters(text: str, language: str) -> tuple[Parameter, ...]:
    if "units" not in _table().get(language, {}):
        return ()
    reader = _reader(language)
    source = traced(text)
    found = []
    for match in reader.pattern.finditer(source.text):
        found += reader.read(match, source.text)
    if reader.bare:
        taken = [(p.start, p.end) for p in found]
        for match in reader.bare.finditer(source.text):
            start, end = match.span("quantity")
            value = reader.number(match["quantity"])
            if value is not None and all(end <= a or b <= start for a, b in taken):
                found.append(Parameter("age", value, "years", start, end))
    found.sort(key=lambda p: p.start)
    merged = _merged(found, source.text)
    return tuple(replace(p, start=start, end=end) for p in merged for start, end in [source.place(p.start, p.end)])


def _merged(found: Iterable[Parameter], text: str) -> list[Parameter]:
    """A value said again in brackets ("five hundred pesos (P500)") is one parameter."""
    merged: list[Parameter] = []
    for p in found:
        last = merged[-1] if merged else None
        same = last and (last.kind, last.value, last.unit) == (p.kind, p.value, p.unit)
        if last and same and re.fullmatch(r" ?\( ?", text[last.end : p.start]):
            close = re.compile(r" ?\)").match(text, p.end)
            merged[-1] = replace(last, end=close.end() if close else p.end)
        else:
            merged.append(p)
    return merged


@cache
def _table() -> dict[str, dict[str, Any]]:
    """What ``data/parameters.toml`` says, by language and of currencies."""
    return tomllib.loads(files("lawsearch").joinpath("data", "parameters.toml").read_text("utf-8"))


@cache
def _currencies() -> dict[str, str]:
    """Currency by how it is written, in lower case."""
    return {sign.lower(): code for code, signs in _table()["currencies"].items() for sign in signs}


def _any(words: Iterable[str]) -> str:
    """A pattern for any of the words, longest first; a space stands for one or none, a hyphen or a line's end."""
    ways = sorted(set(words), key=len, reverse=True)
    return "(?:" + "|".join(re.escape(w).replace(r"\ ", "[ -]") for w in ways) + ")" if ways else "(?!)"


class _Reader:
    """Reads the parameters of one language."""

    def __init__(self, language: str) -> None:
        table = _table()[language]
        self._before, self._after = edges(language)
        times = table["times"]
        self._values = {w: Fraction(n) for w, n in table["numbers"].items()}
        self._small = {w: Fraction(int(n)) for w, n in times.get("small", {}).items()}
        self._large = {w: Fraction(int(n)) for w, n in times.get("large", {}).items()}
        self._units = {w: unit for unit, row in table["units"].items() for w in row}
        self._comma = table["thousands"] == ","
        self._age = table.get("age", {})
        self._word = re.compile(_any([*self._values, *self._small, *self._large]))
        self._times = re.compile(rf" ?(?:(?<![^\W\d_])[x×](?![^\W\d_])|{_any(table.get('x', []))}) ?", re.IGNORECASE)
        spaced = language not in UNSPACED
        word = self._word.pattern
        gap = rf"[ -]{{0,2}}(?:{_any(table.get('join', []))}[ -]{{1,2}})?" if spaced else " ?"
        mark, point = (",", r"\.") if self._comma else (r"\.", ",")
        plain = (
            rf"\d{{1,3}}(?:{mark}\d{{3}}){{1,5}}(?:{point}\d{{1,9}})?|\d{{1,3}}(?:{point}\d{{3}}){{2,5}}"
            rf"|\d{{1,3}}(?: \d{{3}}){{2,5}}|\d{{1,15}}(?:{point}\d{{1,9}})?"
        )
        larger = rf"(?: ?{_any([*self._small, *self._large])}(?!ละ|ລະ){self._after}){{0,3}}"
        # Bounds, so that no text makes matching slow; no law has a number of more words.
        number = rf"(?:(?:{plain})(?!\d){larger}|{word}(?:{gap}{word}){{0,15}}{self._after})"
        # "3 x 24 (tiga kali dua puluh empat)": a product, and the same again in brackets.
        product = rf"{number}(?:{self._times.pattern}{number})?"
        again = rf"(?: ?\( ?{product} ?\))?"
        quantity = rf"{number}{again}(?:{self._times.pattern}{number}{again})?"
        link = "(?: (?:na|ng))?[ -]?" if language == "tl" else "[ -]?"
        unit, after = _any(self._units), _any(table["percent"].get("after", []))
        # "P500" only: a lone P is no currency; that way stands in ``ways``.
        signs = sorted(set(_currencies()) - {"p"}, key=len, reverse=True)
        currency = "|".join(
            (r"(?<!\w)" if sign[0].isalnum() and sign.isascii() else "") + re.escape(sign) for sign in signs
        ).replace(r"\ ", " ")
        between = rf" ?(?:{_any(table.get('to', []))}|[–—]) ?|(?<=\d) ?- ?(?=\d)"
        # Nothing that continues a number, a word or an ordinal ("ទី១", "ที่ ๒") stands before it.
        ordinal = "".join(f"(?<!{sign})(?<!{sign} )" for sign in table.get("ordinal", []))
        start = r"(?<!\d[.,])(?<![\d./-])" + (self._before if spaced else "") + ordinal
        age = _any(self._age.get("units", []))
        percent = _any(table["percent"].get("before", []))
        large = _any(self._large)
        ways = [
            rf"(?P<sign>{currency}|(?<!\w)(?-i:P)(?=\d)) ?(?:(?P<lot>{large}) ?)?(?P<sum>{quantity})",
            rf"(?P<share>{percent}) ?(?P<rate>{quantity})",
            rf"{start}(?:(?P<low>{quantity})(?:{between}))?(?P<quantity>{quantity})"
            rf"(?:{link}(?:(?P<unit>{unit}){self._after}|(?P<old>{age}){self._after}|(?P<currency>{currency})(?!\w))"
            rf"| ?(?P<percent>{after})(?!\w))",
        ]
        self._least = table.get("first", 0)
        if "first" in table:
            ways.append(rf"{self._before}(?P<first>{unit}) ?(?P<length>{quantity})")
        # Most places are no beginning of anything: seen at once, or every word of the tables is tried there.
        openings = {w[0] for w in (*self._values, *self._small, *self._large, *table["percent"].get("before", []))}
        openings |= {c[0] for c in _currencies()} | ({w[0] for w in self._units} if "first" in table else set())
        likely = rf"(?=[\d{re.escape(''.join(sorted(openings)))}])" + (r"(?:\b|(?!\w))" if spaced else "")
        self.pattern = re.compile(f"{likely}(?:{'|'.join(ways)})", re.IGNORECASE)
        self._date = re.compile(table["date_before"] + "$") if "date_before" in table else None
        self._dated = re.compile(rf" ?(?:{table.get('date_after', '(?!)')})")
        near = _any(self._age.get("before", []))
        self.bare = (
            re.compile(rf"{self._before}{near} (?P<quantity>{number}){self._after}", re.IGNORECASE)
            if self._age.get("bare") else None
        )  # fmt: skip
        self._near = re.compile(near + r"(?!ความ|ຄວາມ)[^\d.;:]*$", re.IGNORECASE)
        self._then = re.compile(rf"[ ,]?{_any(self._age.get('after', []))}", re.IGNORECASE)
        self._number = re.compile(number, re.IGNORECASE)

    def read(self, match: re.Match[str], text: str) -> list[Parameter]:
        """The parameters of one match: two of a range, none where it is part of a date or no number after all."""
        g = match.groupdict()
        if g["sign"]:
            lot = self._large[self._known(self._large, g["lot"])] if g["lot"] else Fraction(1)
            return self._one("amount", g["sum"], _currencies()[g["sign"].lower()], match.start(), match.end(), lot)
        if g["share"]:
            return self._one("percentage", g["rate"], "per cent", match.start(), match.end())
        if g.get("first"):
            value = self.number(g["length"])
            if value is None or (value < self._least and not g["length"][0].isdigit()):
                return []
            return self._lasting(g["first"], g["length"], match.start(), match.end(), text)
        found: list[Parameter] = []
        for name in ("low", "quantity"):
            if not g[name]:
                continue
            start, end = match.start(name), match.end(name) if name == "low" else match.end()
            if g["unit"]:
                found += self._lasting(g["unit"], g[name], start, end, text, match.end())
            elif g["old"]:
                found += self._one("age", g[name], "years", start, end)
            elif g["percent"]:
                found += self._one("percentage", g[name], "per cent", start, end)
            else:
                found += self._one("amount", g[name], _currencies()[g["currency"].lower()], start, end)
        return found

    def _lasting(
        self, word: str, quantity: str, start: int, end: int, text: str, stop: int | None = None
    ) -> list[Parameter]:
        unit = self._units[self._known(self._units, word)]
        stop = end if stop is None else stop
        # "26 tháng 6 năm 2025" is a date.
        dated = quantity[-1].isdigit() and unit in ("day", "month", "year") and self._dated.match(text, stop)
        if dated or (self._date and self._date.search(text[max(0, start - _NEAR) : start])):
            return []
        value = self.number(quantity)
        if value is None or (unit == "year" and value >= _CALENDAR):
            return []
        if unit == "year":
            near = self._age.get("before") and self._near.search(text[max(0, start - _NEAR) : start])
            then = self._then.match(text, stop)
            if near or then:
                return [Parameter("age", value, "years", start, max(end, then.end()) if then else end)]
        name, times = _COUNTED[unit]
        return [Parameter("duration", value * times, name, start, end)]

    def _one(
        self, kind: str, quantity: str, unit: str, start: int, end: int, times: Fraction = Fraction(1)
    ) -> list[Parameter]:
        value = self.number(quantity)
        return [] if value is None else [Parameter(kind, value * times, unit, start, end)]

    def number(self, quantity: str) -> Fraction | None:
        """The value of digits, words, a product of them; what stands in brackets must say the same."""
        said = re.findall(r"\(([^()]*)\)", quantity)
        factors = self._times.split(re.sub(r" ?\([^()]*\)", "", quantity))
        values = [self._single(f) for f in factors]
        total = Fraction(1)
        for value in values:
            if value is None:
                return None
            total *= value
        for other in said:
            again = self.number(other)
            if again is not None and again != total and again not in values:
                return None
        return total

    def _single(self, text: str) -> Fraction | None:
        text = text.strip(" -").lower()
        digits = re.match(r"\d[\d., ]*", text)
        if not digits:
            return self._words(text)
        value = self._figures(digits.group().strip())
        for word in self._word.findall(text[digits.end() :]):
            value *= (self._small | self._large)[self._known(self._small | self._large, word)]
        return value

    def _figures(self, text: str) -> Fraction:
        text = text.rstrip(".,").replace(" ", "")
        mark, point = (",", ".") if self._comma else (".", ",")
        if text.count(point) > 1:
            mark, point = point, mark
        return Fraction(text.replace(mark, "").replace(point, "."))

    def _words(self, text: str) -> Fraction | None:
        total, group, last, largest = Fraction(0), Fraction(0), Fraction(0), Fraction(0)
        for found in self._word.findall(text):
            word = self._known(self._values | self._small | self._large, found)
            if word in self._small:
                group, last = group + (last or 1) * self._small[word], Fraction(0)
            elif word in self._large:
                times = self._large[word]
                part = group + last
                total = (total + part) * times if times > largest > 0 else total + (part or 1) * times
                group, last, largest = Fraction(0), Fraction(0), max(largest, times)
            else:
                value = self._values[word]
                if last and last % 10 ** len(str(value)):
                    return None
                group, last = group + last, value
        return total + group + last

    @staticmethod
    def _known(table: dict[str, Any], found: str) -> str:
        """The key of a table that a match stands for: hyphens and spaces are one, case makes no difference."""
        found = found.lower()
        if found in table:
            return found
        return next(key for key in table if key.lower().replace("-", " ") == found.replace("-", " "))


@cache
def _reader(language: str) -> _Reader:
    return _Reader(language)
