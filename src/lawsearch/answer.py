"""What a search or a request for counterparts gives back: hits by jurisdiction, why, how sure, or none."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict

from lawsearch.instrument import Instrument
from lawsearch.provision import Provision

#: Estimated probability of "no counterpart" from which one that is found is called uncertain.
UNCERTAIN = 0.3
#: Behind a day it is the last moment of that day, as moments are compared: ISO 8601, UTC, to the second.
DAY_ENDS = "T23:59:59+00:00"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which provisions may answer; an empty field allows everything. Years are those of the instrument, inclusive;
    ``topics`` are ids of the taxonomy, and a provision about any of them fits. ``as_of`` is a moment (ISO, UTC):
    texts as they stood then, by when they were seen; empty: those of today."""

    jurisdictions: tuple[str, ...] = ()
    forces: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    year_from: int | None = None
    year_to: int | None = None
    topics: tuple[str, ...] = ()
    as_of: str = ""


@dataclass(frozen=True, slots=True)
class Signal:
    """One view of the match: its name, the raw value (a cosine, an overlap), and its share of the score."""

    name: str
    value: float
    share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One provision that answers. ``score`` is 0..1; ``grade`` is one of ``grading.GRADES``, empty where it is only
    among the nearest; ``signals`` say which views agreed, strongest first; ``terms`` are words that both sides share,
    ``concepts`` the legal concepts that both name, in the language of the question, most telling first; ``passage`` is
    the best matching part; ``topics`` what it is about, by id, surest first; ``until`` is when this wording was no
    longer there, empty where it stands."""

    provision: Provision
    instrument: Instrument
    score: float
    grade: str = ""
    signals: tuple[Signal, ...] = ()
    terms: tuple[str, ...] = ()
    concepts: tuple[str, ...] = ()
    passage: str = ""
    topics: tuple[str, ...] = ()
    until: str = ""


class Reasons(TypedDict, total=False):
    """Why a provision answers: the fields of a ``Hit`` that take a closer look at both sides."""

    signals: tuple[Signal, ...]
    terms: tuple[str, ...]
    concepts: tuple[str, ...]
    passage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one jurisdiction answers. ``no_counterpart`` is the estimated probability that it has none;
    ``units`` counts its searched provisions: 0 means there is no text of it in the corpus (or the filters bar it)."""

    jurisdiction: str
    hits: tuple[Hit, ...]
    no_counterpart: float
    units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The whole result. ``source`` is the provision asked about, None for a free text; ``answers`` come best first,
    then the jurisdictions without a hit; ``generation`` names the index that answered; ``took_ms`` how long."""

    text: str
    language: str
    answers: tuple[Answer, ...]
    generation: str
    took_ms: float
    source: Provision | None = None
    filters: Filters = field(default_factory=Filters)
