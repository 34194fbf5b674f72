"""Coverage: which instruments of the catalogue have a text in the corpus, and which jurisdictions have which law."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lawsearch.catalogue import Catalogue, DataProtection
from lawsearch.instrument import Instrument
from lawsearch.vocabulary import jurisdictions

#: How the id of a demonstration text ends; it restates the instrument whose id is the rest.
DEMONSTRATION = "-demo"
TEXTS = ("text", "demonstration", "no text")


@dataclass(frozen=True, slots=True)
class Coverage:
    """One instrument, whether its ``text`` is here (one of TEXTS), in which ``languages``, and where to read it:
    the id of what is here. ``listed`` is False where the corpus has it and the catalogue does not."""

    instrument: Instrument
    text: str
    languages: tuple[str, ...] = ()
    here: str = ""
    listed: bool = True


def coverage(catalogue: Catalogue, present: Mapping[str, Instrument]) -> list[Coverage]:
    """Every instrument of the catalogue, then what else the corpus holds (``present``: by id), by jurisdiction."""
    found = []
    told: set[str] = set()
    for entry in catalogue.entries:
        key = entry.instrument.id
        here = next((k for k in (key, key + DEMONSTRATION) if k in present), "")
        told |= {k for k in (key, key + DEMONSTRATION) if k in present}
        text = "no text" if not here else "text" if here == key else "demonstration"
        found.append(Coverage(entry.instrument, text, present[here].languages if here else (), here))
    for key, instrument in present.items():
        if key not in told:
            text = "demonstration" if key.endswith(DEMONSTRATION) else "text"
            found.append(Coverage(instrument, text, instrument.languages, key, listed=False))
    order = list(jurisdictions())
    return sorted(found, key=lambda c: (order.index(c.instrument.jurisdiction), c.instrument.year or 0))


def data_protection(catalogue: Catalogue) -> list[tuple[str, DataProtection, Instrument | None, list[Instrument]]]:
    """For every member state: its code, whether it has a general data protection law, that law, and what else."""
    by_id = {e.instrument.id: e.instrument for e in catalogue.entries}
    rows = []
    for code, jurisdiction in jurisdictions().items():
        if jurisdiction.member:
            answer = catalogue.data_protection.get(code, DataProtection())
            rows.append((code, answer, by_id.get(answer.law), [by_id[key] for key in answer.instead]))
    return rows


def markdown(found: Sequence[Coverage], catalogue: Catalogue) -> str:
    """``docs/coverage.md``: what the catalogue lists, with sources and dates, and what the sample corpus has."""
    lines = [
        "# Coverage",
        "",
        "Written by `lawsearch catalogue --markdown` from `corpus/catalogue/` and the corpus that is indexed, here the",
        "sample corpus. *Unknown* means that no source was found that says so.",
        "",
        "## Which states have a data protection law",
        "",
        *_table(("state", "general data protection law", "enacted", "in force from", "says", "source")),
    ]
    counted = 0
    for code, answer, law, instead in data_protection(catalogue):
        counted += law is not None
        has = _named(law) if law else "none" + (f"; instead: {', '.join(map(_named, instead))}" if instead else "")
        dates = (law.enacted or "unknown", law.commenced or "unknown") if law else ("–", "–")
        source = " ".join(filter(None, (answer.source, answer.status_date and f"({answer.status_date})"))) or "unknown"
        lines.append(_row((jurisdictions()[code].name, has, *dates, answer.says or "unknown", source)))
    members = sum(j.member for j in jurisdictions().values())
    lines += ["", f"{counted} of {members} member states have one.", ""]
    counts = {t: sum(c.text == t for c in found if c.listed) for t in TEXTS}
    lines += [
        "## Instruments",
        "",
        f"{sum(counts.values())} instruments are listed; of these {counts['text']} have their text here, "
        f"{counts['demonstration']} a demonstration text, {counts['no text']} none.",
    ]
    for code, jurisdiction in jurisdictions().items():
        own = [c for c in found if c.instrument.jurisdiction == code]
        if own:
            lines += ["", f"### {jurisdiction.name}", ""]
            lines += _table(("instrument", "kind", "force", "status", "about", "text here"))
            lines += [_line(c) for c in own]
    return "\n".join(lines) + "\n"


def _line(c: Coverage) -> str:
    i = c.instrument
    source = ", ".join(filter(None, (i.status_source, i.status_date)))
    status = f"{i.status} ({source})" if source else i.status
    here = c.text + (f" ({', '.join(c.languages)})" if c.languages else "")
    return _row((_named(i), i.kind, i.force, status, ", ".join(i.subjects) or "–", here))


def _named(instrument: Instrument) -> str:
    title = instrument.title or instrument.native_title or instrument.id
    linked = f"[{title}]({instrument.address})" if instrument.address.startswith("http") else title
    own = instrument.native_title
    return linked + (f" · {own}" if own and own != title else "")


def _table(heads: Iterable[str]) -> list[str]:
    heads = list(heads)
    return [_row(heads), "|" + "---|" * len(heads)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"
