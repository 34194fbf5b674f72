"""Numbering families, read from ``families.toml``, and the values of the numbers that they print."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lawsearch.text import INSERTED, digits

_CHINESE = {c: i for i, c in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
#: The letters that follow a Burmese number where sections were inserted behind it (``၂၇-က``), in their order.
BURMESE = "ကခဂဃငစဆဇဈညဋဌဍဎဏတထဒဓနပဖဗဘမယရလဝသဟဠအ"
_UNITS = {"十": 10, "百": 100, "千": 1000}
_ROMAN = {"I": 1, "V": 5, "X": 10, "L": 50, "C": 100, "D": 500, "M": 1000}
#: Letters that OCR reads for digits.
_MISREAD = str.maketrans("lIJtTOoQSB", "1111700058")

#: A number's place in a sequence: (what stands before its dot, its number, its insertion).
Value = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """What stands below a unit: its AKN prefix, its kind, and how a citation goes on."""

    prefix: str
    kind: str
    cite: str


@dataclass(frozen=True, slots=True)
class Container:
    """What holds units: its AKN prefix and the pattern of its heading line."""

    prefix: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Explained:
    """How an explanation of a whole law is called and that of one unit; and how the latter opens, None where as the
    unit itself does."""

    general: str
    label: str
    pattern: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Family:
    """One tradition of numbering; the fields are described in ``families.toml``."""

    id: str
    language: str
    jurisdictions: tuple[str, ...]
    hint: re.Pattern[str] | None
    weight: float
    restarts: bool
    kind: str
    prefix: str
    label: str
    head: str
    headings: tuple[str, ...]
    misread: bool
    pattern: re.Pattern[str]
    loose: re.Pattern[str] | None
    ocr: re.Pattern[str] | None
    misreadings: Mapping[str, str]
    inner: re.Pattern[str] | None
    containers: tuple[Container, ...]
    parts: Mapping[str, Part]
    recital: re.Pattern[str] | None
    schedule: re.Pattern[str] | None
    explanation: re.Pattern[str] | None
    statement: re.Pattern[str] | None
    explained: Explained | None
    closing: re.Pattern[str] | None
    contents: re.Pattern[str] | None

    def citation(self, number: str) -> str:
        """How a unit is cited: ``s 26D``, ``Pasal 5``."""
        return self.head.format(n=number, label=self.label.format(n=number))


def _any(patterns: list[str], numbers: Mapping[str, str]) -> re.Pattern[str] | None:
    if not patterns:
        return None
    return re.compile("(?:" + "|".join(_expanded(p, numbers) for p in patterns) + r")\s*$")


def _explained(row: Mapping[str, str]) -> Explained:
    return Explained(row["general"], row["label"], re.compile(row["pattern"]) if "pattern" in row else None)


def _expanded(pattern: str, numbers: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w*[a-z]\w*)\}", lambda m: f"(?:{numbers[m[1]]})", pattern)


@cache
def families() -> dict[str, Family]:
    """All families by id, in the order of the file."""
    table = tomllib.loads(files("ingest").joinpath("families.toml").read_text("utf-8"))
    inserted = {"inserted": "|".join(INSERTED)}
    numbers = {name: _expanded(pattern, inserted) for name, pattern in table["numbers"].items()}
    result = {}
    for row in table["family"]:
        unit = row["unit"]
        result[row["id"]] = Family(
            id=row["id"],
            language=row["language"],
            jurisdictions=tuple(row["jurisdictions"]),
            hint=re.compile(row["hint"]) if "hint" in row else None,
            weight=row.get("weight", 1.0),
            restarts=row.get("restarts", False),
            kind=unit["kind"],
            prefix=unit["prefix"],
            label=unit["label"],
            head=row["head"],
            headings=tuple(unit["headings"]),
            misread=unit.get("misread", False),
            pattern=re.compile(_expanded(unit["pattern"], numbers)),
            loose=re.compile(_expanded(unit["loose"], numbers)) if "loose" in unit else None,
            ocr=re.compile(unit["ocr"]) if "ocr" in unit else None,
            misreadings=table["ocr"].get(row["language"], {}),
            inner=re.compile(_expanded(row["inner"], numbers)) if "inner" in row else None,
            containers=tuple(
                Container(c["prefix"], re.compile(_expanded(c["pattern"], numbers) + "$")) for c in row["containers"]
            ),
            parts={shape: Part(**part) for shape, part in table["parts"][row["parts"]].items()},
            recital=re.compile(_expanded(row["recital"], numbers)) if "recital" in row else None,
            schedule=_any(row.get("schedule", []), numbers),
            explanation=_any(row.get("explanation", []), numbers),
            statement=_any(row.get("statement", []), numbers),
            explained=_explained(row["explained"]) if "explained" in row else None,
            closing=_any(row.get("closing", []), numbers),
            contents=_any(row.get("contents", []), numbers),
        )
    return result


@cache
def repealed() -> re.Pattern[str]:
    """What is printed in place of a unit that is no more."""
    table = tomllib.loads(files("ingest").joinpath("families.toml").read_text("utf-8"))
    return re.compile(table["words"]["repealed"])


@cache
def any_heading() -> re.Pattern[str]:
    """The start of a numbered heading that opens with a word, in any family."""
    worded = [f for f in families().values() if not f.pattern.match("1. Aa") and not f.pattern.match("၁။ ")]
    words = [f.pattern.pattern for f in worded]
    words += [c.pattern.pattern.removesuffix("$") for f in families().values() for c in f.containers]
    bare = (re.sub(r"\(\?P<\w+>", "(?:", word) for word in dict.fromkeys(words))
    return re.compile("|".join(f"(?:{word})" for word in bare))


def value(number: str) -> Value | None:
    """Where a number stands in its sequence: ``26D`` -> (0, 26, 4), ``14.3`` -> (14, 3, 0), ``๕ ทวิ`` -> (0, 5, 2).

    None for what is no number.
    """
    text = digits(number).strip().rstrip(".")
    if match := re.fullmatch(r"([\d./]+)\s?([\u0e00-\u0e7f]+)", text):
        inner, place = value(match[1]), INSERTED.get(match[2])
        return (inner[0], inner[1], place) if inner and place else None
    if match := re.fullmatch(r"(\d+)\.(\d+)", text):
        return int(match[1]), int(match[2]), 0
    if match := re.fullmatch(r"(\d+)/(\d+)", text):
        return 0, int(match[1]), int(match[2])
    if match := re.fullmatch(r"(\d+)[\s-]?([A-Za-zđ]{0,3})", text):
        return 0, int(match[1]), _letters(match[2])
    if match := re.fullmatch(rf"(\d+)\s?[-–‐]\s?([{BURMESE}])", text):
        return 0, int(match[1]), BURMESE.index(match[2]) + 1
    if re.fullmatch(r"[IVXLCDM]+", text):
        return 0, roman(text), 0
    if text and all(c in _CHINESE or c in _UNITS for c in text):
        return 0, _chinese(text), 0
    misread = text.replace(" ", "").translate(_MISREAD)
    return (0, int(misread), 0) if misread.isdigit() else None


def readings(number: str, misread: bool = False) -> list[tuple[str, Value]]:
    """The ways to read a number: (as shown, its place in the sequence). One way, or none, unless it may be misread.

    Where OCR may have taken letters for digits or a letter for a digit (``2T`` = 27, ``278`` = 27B), each way is
    given and the sequence decides. Digits that it has set apart are one number.
    """
    number = re.sub(r"(?<=\d)\s+(?=\d)", "", number)
    ways = [(tidy(number), place)] if (place := value(number)) else []
    if misread:
        plain = re.sub(r"\s+", "", number)
        as_digits = plain.translate(_MISREAD)
        if as_digits.isdigit() and as_digits != plain:
            lettered = [way for way in ways if re.fullmatch(r"\d+[A-Z]", way[0])]
            ways = [(str(int(as_digits)), (0, int(as_digits), 0)), *lettered]
        if re.fullmatch(r"\d{2,3}8", plain):
            ways.append((f"{plain[:-1]}B", (0, int(plain[:-1]), 2)))
    return ways


def guesses(number: str, misreadings: Mapping[str, str]) -> list[tuple[str, Value]]:
    """What a number read by OCR may have been instead, by the table of what is read for which digit."""
    found = [""]
    rest = number
    ends = {"": found}
    for end in range(1, len(rest) + 1):
        ways = [before + rest[end - 1] for before in ends[rest[: end - 1]] if rest[end - 1].isdigit()]
        for size in (1, 2):
            piece = rest[max(0, end - size) : end]
            if len(piece) == size and piece in misreadings:
                ways += [before + digit for before in ends[rest[: end - size]] for digit in misreadings[piece]]
        ends[rest[:end]] = ways[:40]
    ways = [way for way in dict.fromkeys(ends[rest]) if way != number and digits(way)[:1] != "0"]
    return [(way, place) for way in ways if (place := value(way))]


def tidy(number: str) -> str:
    """The number as it should have been printed where OCR read letters for digits; otherwise as printed."""
    number = number.strip()
    plain = digits(number)
    if number and all(c in _CHINESE or c in _UNITS for c in number):
        return str(_chinese(number))
    if re.fullmatch(r"[\d./ ]+|\d+\s?[A-Z]{1,3}|[IVXLCDM]+", plain) or not plain.isascii():
        return re.sub(r"\s+", "" if plain.isascii() else " ", number)
    if re.fullmatch(r"\d+[a-zđ]{1,2}", plain):
        return number
    found = value(number)
    return str(found[1]) if found and not found[2] else number


def roman(text: str) -> int:
    """The value of a Roman numeral in capitals."""
    values = [_ROMAN[c] for c in text]
    return sum(-v if any(v < w for w in values[i + 1 :]) else v for i, v in enumerate(values))


def _letters(text: str) -> int:
    result = 0
    for c in text.upper().replace("Đ", "D"):
        result = result * 27 + ord(c) - 64
    return result


def _chinese(text: str) -> int:
    total, digit = 0, 0
    for c in text:
        if c in _UNITS:
            total += (digit or 1) * _UNITS[c]
            digit = 0
        else:
            digit = _CHINESE[c]
    return total + digit
