"""The views of a provision that are compared: its title, the whole of it, its parts, its words, its concepts."""

from __future__ import annotations

import re
from collections import Counter

from lawsearch.concepts import concepts_in
from lawsearch.lexicon import words
from lawsearch.provision import Provision
from lawsearch.text import normal, unmarked

#: Shorter parts ("or", a lone enumerator) say nothing by themselves; the whole still holds them.
PART_LENGTH = 25
#: A definitions section may have hundreds of parts; the whole and the words still hold those beyond.
PARTS = 64
#: How often a concept counts that a heading names. "Consent required" says once what it is about, and its text a dozen
#: times "collect, use or disclose", as its whole law does; between 3 and 30 the number hardly matters.
HEADED = 5
_ENUMERATOR = re.compile(
    r"^\s*(?:\(\s*\w{1,4}\s*\)|[^\W\d_]{1,2}\)|[^\W\d_]\.|\d{1,3}[.)]|\d{1,3}\.\d{1,3}\.?|[-–—•])\s*", re.UNICODE
)


def titles(provision: Provision) -> str:
    """The titles above a provision and its own heading, empty where it has neither."""
    return normal(" — ".join(t for t in (*provision.path, provision.heading) if t))


def title(provision: Provision) -> str:
    """What is embedded as its title: its titles, or its text where it has none, for its number says nothing of it."""
    return titles(provision) or whole(provision)


def whole(provision: Provision) -> str:
    """All that is embedded as one: the titles and the text; the label where there is neither."""
    return normal(". ".join(t for t in (titles(provision), unmarked(provision.text)) if t)) or provision.label


def parts(text: str) -> list[str]:
    """The lines of a provision's or a clause's text without their enumerators, at most ``PARTS``."""
    lines = (normal(_ENUMERATOR.sub("", line, count=1)) for line in unmarked(text).splitlines())
    return [line for line in lines if len(line) >= PART_LENGTH][:PARTS]


def vocabulary(provision: Provision) -> list[str]:
    """The words of a provision with its titles, for the lexical index."""
    return words(whole(provision), provision.language)


def bag(provision: Provision) -> Counter[str]:
    """The legal concepts that a provision with its titles names, each with how often (``named``)."""
    return named(whole(provision), provision.heading, provision.language)


def named(text: str, heading: str, language: str) -> Counter[str]:
    """The legal concepts that a text names, each with how often; in its heading, which says what it is about, each time
    is as many as ``HEADED``."""
    found = concepts_in(text, language)
    for key, count in concepts_in(heading, language).items():
        found[key] += (HEADED - 1) * count
    return found
