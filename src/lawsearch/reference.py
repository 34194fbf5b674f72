"""What a citation comes to in a corpus: the provisions that are meant, or which part of it is not there.

A text is a citation only where every word of it belongs to one: the number of a provision, and the name, number or
abbreviation of an instrument. Anything else is left to search.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lawsearch.citation import Citation, number_key, parse
from lawsearch.errors import NotFoundError
from lawsearch.instrument import Instrument
from lawsearch.provision import Provision
from lawsearch.register import Register, looks_like_a_name
from lawsearch.store import Store
from lawsearch.vocabulary import jurisdictions

#: Longer texts are not looked at: no citation has so many characters.
LONGEST = 300
#: Of a provision without an instrument ("section 5"), so many are listed.
MOST = 30
#: The name of an instrument with a number after it, which is no year.
_BARE = re.compile(r"(?P<instrument>.+?),?\s+(?P<number>\d{1,3}[A-Za-z]{0,2})(?P<parts>(?:\s*\(\w{1,4}\))*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cited:
    """What a citation comes to in a corpus: ``provisions``, best first, or only ``instruments``; ``unknown`` says in
    a sentence which part of the citation is not there, empty where all is."""

    citation: Citation
    provisions: tuple[Provision, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    unknown: str = ""


def cite(text: str, register: Register, store: Store) -> Cited | None:
    """What ``text`` cites, in the corpus; None where it is no citation."""
    if len(text) > LONGEST or "\n" in text.strip():
        return None
    citation = parse(text)
    if citation.identifier:
        return _identified(citation, register, store)
    present, known = register.named(citation.instrument) if citation.instrument else ([], [])
    if not citation.number and present:
        return Cited(citation=citation, instruments=tuple(present))
    if not citation.number:
        # After the name of a text that is here, a number says enough: "PDPA 26D".
        bare = _BARE.fullmatch(citation.text)
        present = register.named(bare["instrument"])[0] if bare else []
        if not bare or not present:
            return None
        parts = tuple(re.findall(r"\w+", bare["parts"]))
        citation = Citation(citation.text, bare["instrument"], bare["number"], "provision", parts=parts)
    if present or not citation.instrument:
        return _located(citation, present, register, store)
    if known:
        named = known[0].name
        return Cited(citation=citation, unknown=f"{named} is in the catalogue, but the corpus has no text of it")
    if looks_like_a_name(citation.instrument):
        return Cited(citation=citation, unknown=f"No instrument “{citation.instrument}” is known here")
    return None


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
