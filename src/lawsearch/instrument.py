"""An instrument: one law, decree, treaty or guideline, known by its Akoma Ntoso work identifier."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from lawsearch.errors import MetadataError

UNKNOWN = "unknown"
KINDS = (
    "constitution", "act", "law", "decree", "regulation", "order", "circular", "treaty", "declaration",
    "recommendation", "resolution", "guideline", "framework", "policy", "model-clauses", "bill", UNKNOWN,
)  # fmt: skip
FORCES = ("binding", "non-binding", UNKNOWN)
STATUSES = ("in force", "not yet in force", "repealed", "bill", UNKNOWN)
#: Fields of law that an instrument is about, as the catalogue files it.
SUBJECTS = (
    "personal-data", "ai", "cybersecurity", "cybercrime", "electronic-transactions", "e-commerce",
    "consumer-protection", "digital-government", "telecommunications", "digital-economy", "human-rights",
)  # fmt: skip
#: No part is ``.`` or ``..``: browsers and file systems would climb there.
_IDENTIFIER = re.compile(r"/akn/[a-z]{2,8}/[a-z-]+(/(?!\.{1,2}(/|$))[A-Za-z0-9._-]+)+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Instrument:
    """One instrument. Unknown is a value: a field nobody has a source for stays ``unknown`` or empty.

    ``id`` is an Akoma Ntoso work identifier (``/akn/sg/act/2012/26``); ``jurisdiction`` an ISO 3166 code in
    lower case, or ``asean``, ``eu``, ``int``, ``unknown``; dates are ISO 8601 (``2012-10-15``) or empty;
    ``languages`` are ISO 639-1 (639-3 where there is none), ``authoritative`` one of them or ``unknown``;
    ``status_source`` says who says so and ``status_date`` as of when; ``subjects`` are of SUBJECTS.
    Raises MetadataError where a value is outside its vocabulary.
    """

    id: str
    jurisdiction: str = UNKNOWN
    title: str = ""
    native_title: str = ""
    short_title: str = ""
    kind: str = UNKNOWN
    force: str = UNKNOWN
    status: str = UNKNOWN
    status_source: str = ""
    status_date: str = ""
    subjects: tuple[str, ...] = ()
    number: str = ""
    year: int | None = None
    languages: tuple[str, ...] = ()
    authoritative: str = UNKNOWN
    enacted: str = ""
    commenced: str = ""
    version: str = ""
    address: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        if not _IDENTIFIER.fullmatch(self.id):
            raise MetadataError(
                f"instrument id {self.id!r} is not an Akoma Ntoso work identifier", "Write it as /akn/sg/act/2012/26"
            )
        for name, allowed in (("kind", KINDS), ("force", FORCES), ("status", STATUSES)):
            if getattr(self, name) not in allowed:
                raise MetadataError(
                    f"{self.id}: {name} {getattr(self, name)!r} is not known", f"Use one of: {', '.join(allowed)}"
                )
        if self.year is not None and not 1000 <= self.year <= 3000:
            raise MetadataError(f"{self.id}: year {self.year!r} is not a year of the Common Era")
        for subject in self.subjects:
            if subject not in SUBJECTS:
                raise MetadataError(
                    f"{self.id}: subject {subject!r} is not known", f"Use one of: {', '.join(SUBJECTS)}"
                )
        for name in ("enacted", "commenced", "version", "status_date"):
            if not re.fullmatch(r"(\d{4}(-\d{2}(-\d{2})?)?)?", getattr(self, name)):
                raise MetadataError(f"{self.id}: {name} {getattr(self, name)!r} is not an ISO date", "Write 2012-10-15")

    @property
    def name(self) -> str:
        """The shortest title that a citation can carry."""
        return self.short_title or self.title or self.native_title or self.id


FIELDS = tuple(f.name for f in fields(Instrument))


def instrument_from(values: dict[str, object], where: str) -> Instrument:
    """An Instrument from a plain mapping (TOML table, JSON object).

    ``where`` names the file for errors. Raises MetadataError on an unknown key, a missing id or a wrong type.
    """
    unknown = sorted(set(values) - set(FIELDS))
    if unknown:
        raise MetadataError(f"{where}: unknown field {unknown[0]!r}", f"Fields are: {', '.join(FIELDS)}")
    if not isinstance(values.get("id"), str):
        raise MetadataError(f"{where}: no id", "Give the instrument an id such as /akn/sg/act/2012/26")
    clean = dict(values)
    for name, value in values.items():
        if name in ("languages", "subjects"):
            if not isinstance(value, list | tuple) or not all(isinstance(v, str) for v in value):
                raise MetadataError(f"{where}: {name} must be a list of texts", 'Write languages = ["en"]')
            clean[name] = tuple(value)
        elif name == "year":
            if not (value is None or isinstance(value, int)):
                raise MetadataError(f"{where}: year must be a number", "Write year = 2012")
        elif not isinstance(value, str):
            # tomllib turns 2012-10-15 into a date; its ISO form is what we keep.
            if hasattr(value, "isoformat"):
                clean[name] = value.isoformat()
            else:
                raise MetadataError(f"{where}: {name} must be a text")
    try:
        return Instrument(**clean)  # type: ignore[arg-type]
    except MetadataError as error:
        raise MetadataError(f"{where}: {error.problem}", error.remedy) from None
