"""What stands below a unit: subsections, paragraphs and sub-paragraphs, told by the shape and order of labels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from ingest.definitions import Definitions, term_eid
from ingest.numbering import BURMESE, Part
from ingest.page import Row
from ingest.paragraph import Paragraph
from lawsearch.text import digits, slug

_THAI = "กขคงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"
_FIRST = 1000
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50}
#: Ems by which lines may be out of true, and by which the first line of a paragraph may be indented.
_SLACK, _HANGING = 0.3, 2.0

#: Shapes of labels, most specific first: (shape, pattern of the whole label).
_SHAPES = (
    ("(1)", re.compile(r"\((?P<n>\d{1,3}[A-Z]{0,2})\)")),
    ("(i)", re.compile(r"\((?P<n>[ivxl]{1,6})\)")),
    ("(a)", re.compile(r"\((?P<n>[a-zđ]{1,2})\)")),
    ("(A)", re.compile(r"\((?P<n>[A-Z]{1,2})\)")),
    ("(ก)", re.compile(rf"\((?P<n>[{_THAI}])\)")),
    ("(က)", re.compile(rf"\((?P<n>[{BURMESE}])\)")),
    ("(ကက)", re.compile(rf"\((?P<n>([{BURMESE}])\2)\)")),
    ("1.", re.compile(r"(?P<n>\d{1,3}[A-Z]?)\.(?=\s|$)")),
    ("1)", re.compile(r"(?P<n>\d{1,3})\)(?=\s|$)")),
    ("a)", re.compile(r"(?P<n>[a-zđ]{1,2})\)(?=\s|$)")),
    ("a.", re.compile(r"(?P<n>[a-z]{1,2})\.(?=\s|$)")),
    ("1", re.compile(r"(?P<n>\d{1,2})(?=\s+[A-Z“])")),
    ("a", re.compile(r"(?P<n>[a-z])(?=\s+\w)")),
)


#: How a recital without a number ends, maybe with the mark of a footnote.
_LEADS_ON = re.compile(r"[,;:]\s?\d{0,3}$")
#: Paragraphs that it may have.
_LONGEST_RECITAL = 8


@dataclass(slots=True)
class Division:
    """One labelled part of a unit. ``text`` is everything below its label, deeper parts included.

    ``term`` is what it defines; the definition of a quoted term without a label has the shape ``def`` and the term
    for its number.
    """

    shape: str
    number: str
    paragraphs: list[Paragraph] = field(default_factory=list)
    children: list[Division] = field(default_factory=list)
    term: str = ""

    @property
    def text(self) -> str:
        """Its paragraphs, a line each."""
        return "\n".join(p.text for p in self.paragraphs if p.text)

    @property
    def rows(self) -> list[Row]:
        """Its rows in order, each once."""
        return list(dict.fromkeys(row for p in self.paragraphs for row in p.rows))


def _roman(text: str) -> int:
    values = [_ROMAN[c] for c in text]
    return sum(-v if any(v < w for w in values[i + 1 :]) else v for i, v in enumerate(values))


def _place(shape: str, number: str) -> int:
    """The place of a label in its list, 1 for the first; insertions such as ``2A`` stand between, times a thousand."""
    plain = digits(number)
    if shape in ("(1)", "1.", "1)", "1"):
        match = re.match(r"(\d+)([A-Z]*)", plain)
        assert match is not None
        return int(match[1]) * 1000 + sum(ord(c) - 64 for c in match[2])
    if shape == "(i)":
        return _roman(number) * 1000
    if shape == "(ก)":
        return (_THAI.index(number) + 1) * 1000
    if shape in ("(က)", "(ကက)"):
        return (BURMESE.index(number[0]) + 1) * 1000
    # One order for all Latin alphabets: a language that leaves a letter out (Vietnamese f, j) skips it.
    first = "abcdefghijklmnopqrstuvwxyz".find(number[0].lower().replace("đ", "d"))
    return (first + 1) * 1000 + (500 if len(number) > 1 or number == "đ" else 0)


def _readings(text: str) -> list[tuple[str, str, int]]:
    """The ways to read the start of a paragraph as a label: (shape, number, length of the label)."""
    return [(shape, m["n"], m.end()) for shape, pattern in _SHAPES if (m := pattern.match(text))]


def _follows(last: int, place: int) -> bool:
    """Whether ``place`` can come after ``last``: the next, an insertion, or one or two on."""
    return last < place <= last // 1000 * 1000 + 3999


def _choose(
    readings: list[tuple[str, str, int]], stack: list[tuple[Division, int]], following: str
) -> tuple[tuple[str, str, int], int] | None:
    """The reading that fits the open lists, and the depth at which it goes on (len(stack) for a new list)."""
    options = []
    if following != "b" and all(d.shape != "a" for d, _ in stack):
        readings = [reading for reading in readings if reading[0] != "a"]  # a word
    for reading in readings:
        place = _place(reading[0], reading[1])
        for depth in range(len(stack) - 1, -1, -1):
            division, last = stack[depth]
            if division.shape == reading[0] and _follows(last, place):
                # The very next number is better than a skip; the innermost list better than an outer one.
                options.append((0 if place - last <= 1000 else 2, -depth, reading, depth))
                break
        if place == _FIRST and all(d.shape != reading[0] for d, _ in stack):
            options.append((1, 0, reading, len(stack)))
    if not options:
        return None
    # "(i)" after "(h)" opens a Roman list if "(ii)" is next.
    if len(options) > 1 and following == "ii":
        options = [o for o in options if o[2][0] == "(i)"] or options
    _, _, reading, depth = min(options, key=lambda o: (o[0], o[1]))
    return reading, depth


def _define(term: str, stack: list[tuple[Division, int]], roots: list[Division], opener: Division | None) -> None:
    """Open the definition of a quoted term: beside the one before it, or below what introduces the first."""
    above = [None, *(division for division, _ in stack)]
    beside = (k for k, (division, _) in enumerate(stack) if division.shape == "def" or (opener and above[k] is opener))
    del stack[next(beside, len(stack)) :]
    division = Division("def", term, term=term)
    (stack[-1][0].children if stack else roots).append(division)
    stack.append((division, 0))


def subdivide(
    paragraphs: Sequence[Paragraph], definitions: Definitions | None = None, defining: bool = False
) -> list[Division]:
    """The labelled parts of a unit as a forest. Text before the first label belongs to the unit alone.

    ``definitions`` says how terms are defined: each is a part too, in a section that is ``defining`` and elsewhere
    below a paragraph that says that it introduces some.
    """
    roots: list[Division] = []
    stack: list[tuple[Division, int]] = []
    margins: dict[str, float] = {}
    #: The part that introduces definitions, if the section is not about them.
    opener: Division | None = None
    firsts = [next((r[1] for r in _readings(p.text) if r[:2] != ("a", "a")), "") for p in paragraphs]
    for i, paragraph in enumerate(paragraphs):
        text = paragraph.text
        following = next((n for n in firsts[i + 1 :] if n), "")
        opened: list[Division] = []
        local = any(division is opener for division, _ in stack)
        if definitions and (defining or local) and (term := definitions.term(text)):
            _define(term, stack, roots, opener)
            opened.append(stack[-1][0])
            text = ""
        while readings := _readings(text):
            if not stack and following == "2" and text.startswith(("(l)", "(I)")):
                readings = [("(1)", "1", 3)]  # a first label misread: nothing else stands before (2)
            chosen = _choose(readings, stack, following)
            if chosen is None:
                break
            (shape, number, length), depth = chosen
            del stack[depth:]
            division = Division(shape, number)
            (stack[-1][0].children if stack else roots).append(division)
            stack.append((division, _place(shape, number)))
            opened.append(division)
            text = text[length:].lstrip(" —–")
            if definitions and defining and not any(above.term for above, _ in stack):
                division.term = definitions.term(text, labelled=True)
            if not _opens(text):
                break
        if stack and definitions and definitions.introduces(text):
            opener = stack[-1][0]
        held = stack if opened else _holding(stack, paragraph, margins)
        for k, (division, _) in enumerate(held):
            shown = paragraph.text
            if division.shape != "def" and any(division is own for own in opened):
                shown = text if k == len(stack) - 1 else _without(paragraph.text, division)
            division.paragraphs.append(Paragraph(shown, paragraph.rows))
        if opened:
            shape = opened[-1].shape
            margins[shape] = min(margins.get(shape, inf), *(row.indent for row in paragraph.rows[1:]), inf)
    return roots


def _holding(
    stack: list[tuple[Division, int]], paragraph: Paragraph, margins: Mapping[str, float]
) -> list[tuple[Division, int]]:
    """Of the open parts those to which a paragraph without a label belongs; closing words stand left of the list.

    ``margins`` are the least indents, in ems, of the lines that go on from a labelled one, by shape of the label.
    Where there are none, a label far to the right of the paragraph tells enough.
    """
    if not paragraph.rows:
        return stack
    indent = paragraph.rows[0].indent
    for k, (division, _) in enumerate(stack):
        first = next((row.indent for p in division.paragraphs for row in p.rows), 0.0)
        edge = margins.get(division.shape, inf)
        if indent < (first - _HANGING if edge == inf else min(edge, first)) - _SLACK:
            return stack[:k]
    return stack


def quoted(paragraphs: Sequence[Paragraph], chain: Mapping[int, str]) -> list[Division]:
    """The articles that an amending clause quotes, each with its parts.

    ``chain`` gives the number of each paragraph that is the heading of a quoted article, by its index.
    """
    found: list[Division] = []
    stops = [*sorted(chain)[1:], len(paragraphs)]
    for start, stop in zip(sorted(chain), stops, strict=True) if chain else ():
        body = list(paragraphs[start + 1 : stop])
        found.append(Division("quoted", chain[start], body or [paragraphs[start]], subdivide(body)))
    return found


def recitals(paragraphs: Sequence[Paragraph], pattern: re.Pattern[str]) -> list[Division]:
    """The recitals of a preamble: paragraphs that open as ``pattern`` says; none where there is but one.

    Where some print numbers, only those that follow each other are recitals; else all are that lead on to the next
    with a comma or a semicolon, and are counted. What stands between two belongs to the first, if it is not much.
    """
    opened = [(i, match) for i, p in enumerate(paragraphs) if (match := pattern.match(p.text))]
    stops = [i for i, _ in opened[1:]] + [i + 1 for i, _ in opened[-1:]]
    numbered = [(i, match) for i, match in opened if match.groupdict().get("n")]
    if len(numbered) > 1:
        opened = []
        for i, match in numbered:
            if _succeeds(match["n"], opened[-1][1]["n"] if opened else ""):
                opened.append((i, match))
    else:
        opened = [
            way
            for way, stop in zip(opened, stops, strict=True)
            if stop - way[0] <= _LONGEST_RECITAL and _LEADS_ON.search(paragraphs[stop - 1].text)
        ]
    found: list[Division] = []
    for k, (i, match) in enumerate(opened if len(opened) > 1 else []):
        stop = opened[k + 1][0] if k + 1 < len(opened) else i + 1
        number = match.groupdict().get("n") or str(k + 1)
        text = paragraphs[i].text[match.end() if len(numbered) > 1 else 0 :].lstrip()
        found.append(Division("recital", number, [Paragraph(text, paragraphs[i].rows), *paragraphs[i + 1 : stop]]))
    return found


def _succeeds(number: str, last: str) -> bool:
    """Whether a recital with this number is the next after that with the number ``last``, or the first."""
    if last and last.isdigit() != number.isdigit():
        return False
    shape = "1" if number.isdigit() else "(a)"
    return _place(shape, number) == _FIRST + (_place(shape, last) if last else 0)


def _opens(text: str) -> bool:
    """Whether a text after a label opens with the first label of a deeper list."""
    return any(_place(shape, number) == _FIRST for shape, number, _ in _readings(text) if shape not in ("1", "a"))


def _without(text: str, division: Division) -> str:
    """A paragraph without the labels up to and including that of ``division``."""
    for shape, number, length in _readings(text):
        if (shape, number) == (division.shape, division.number):
            return text[length:].lstrip(" —–")
    return text


def part_of(parts: Mapping[str, Part], shape: str) -> Part:
    """How the family names a label of this shape."""
    return parts.get(shape) or Part("item", "item", "({n})")


def name(parts: Mapping[str, Part], division: Division) -> tuple[str, str, str]:
    """(eId part, kind, how the citation goes on) of a division: ``subsec_2``, ``subsection``, ``(2)``."""
    if division.shape == "def":
        return term_eid(division.term), "definition", f" “{division.term}”"
    part = part_of(parts, division.shape)
    if division.term:
        return term_eid(division.term), "definition", part.cite.format(n=division.number)
    number = division.number.replace("đ", "dd")  # its slug is "d", which is another letter
    return f"{part.prefix}_{slug(number) or number}", part.kind, part.cite.format(n=division.number)
