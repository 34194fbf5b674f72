"""A provision: a section or article, what stands below it, and where it stands on the page."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field

from lawsearch.instrument import Instrument
from lawsearch.text import digest

#: Kept with the law, read and cited, but no counterpart to anything: enacting words, closing lines, explanations.
UNMATCHED_KINDS = ("preamble", "explanation")
#: Beside the numbered body: their numbers are their own.
APART_KINDS = (*UNMATCHED_KINDS, "schedule")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page: 1-based page number; points from the top left corner of the page."""

    page: int
    x0: float
    y0: float
    x1: float
    y1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision:
    """One provision of one expression (language version) of an instrument.

    ``id`` is ``<instrument>/<language>/~<eid>``, the same whatever was ingested before it. ``number`` is as
    printed (``26D``, ``๓๗``), ``label`` as cited at home (``Section 26D``, ``มาตรา ๓๗``), ``citation`` as cited
    abroad (``PDPA 2012 (SG) s 26D``). ``text`` is everything below the heading, children included; ``path`` the
    titles above it, outermost first; ``parent`` the eId of the provision it stands in, empty for the units of
    matching. ``flags`` name doubts about its quality (``page-wise``, ``ocr``, ``number-gap`` ...).
    """

    instrument: str
    language: str
    eid: str
    kind: str
    number: str
    label: str
    citation: str
    heading: str = ""
    text: str = ""
    path: tuple[str, ...] = ()
    parent: str = ""
    boxes: tuple[Box, ...] = ()
    flags: tuple[str, ...] = ()
    id: str = field(init=False)
    digest: str = field(init=False)
    #: The digest, from who has it already (the store); a changed copy has its own.
    known: InitVar[str] = ""

    def __post_init__(self, known: str) -> None:
        object.__setattr__(self, "id", f"{self.instrument}/{self.language}/~{self.eid}")
        object.__setattr__(self, "digest", known or digest(f"{self.heading}\n{self.text}"))

    @property
    def is_unit(self) -> bool:
        """Whether it stands by itself (a section, an article, a schedule) and is not a part of another provision."""
        return not self.parent

    @property
    def is_matched(self) -> bool:
        """Whether it is a unit of matching: one that can have counterparts and be one."""
        return self.is_unit and self.kind not in UNMATCHED_KINDS

    @property
    def page(self) -> int:
        """First page it stands on, 1-based; 0 if unknown."""
        return self.boxes[0].page if self.boxes else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """One language version of an instrument as read from one file: what ingest hands to the store.

    ``provisions`` are in the order of the text, every unit followed by its parts. ``report`` is the parse report
    as a JSON-able mapping; ``source`` the file it was read from, ``source_digest`` the SHA-256 of its bytes.
    """

    instrument: Instrument
    language: str
    source: str
    source_digest: str
    provisions: tuple[Provision, ...]
    report: dict[str, object] = field(default_factory=dict)
