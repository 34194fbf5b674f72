"""What the API and the pages both answer, so that they never say different things."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any

from lawsearch import __version__, changes
from lawsearch import coverage as census
from lawsearch.alignment import Column
from lawsearch.answer import Answers, Filters
from lawsearch.comparison import clause_parts, compare, pieces_of
from lawsearch.errors import QueryError
from lawsearch.facets import DEPTH, Facet, facets
from lawsearch.findings import AnswersOut, CitedOut, FacetOut
from lawsearch.pictures import Pictures, pages_of
from lawsearch.provision import Provision
from lawsearch.queries import ClauseRequest, CompareQuery, CounterpartsQuery, SearchQuery
from lawsearch.reference import Cited, cite
from lawsearch.schemas import (
    About,
    AccuracyOut,
    CatalogueOut,
    CatalogueRow,
    ChangesOut,
    Coverage,
    ExpressionOut,
    InstrumentOut,
    InstrumentPage,
    JurisdictionOut,
    LawOut,
    ProvisionOut,
    ProvisionPage,
    ProvisionRef,
    TopicList,
    TopicOut,
    TopicRef,
)
from lawsearch.service import Service, View
from lawsearch.settings import Settings
from lawsearch.store import Entry
from lawsearch.synopsis import ComparisonOut
from lawsearch.text import digest
from lawsearch.vocabulary import jurisdictions, languages

#: How a drafted clause is named where columns are named by their ids.
CLAUSE = "clause"


def bounded(settings: Settings, text: str = "", limit: int = 1) -> None:
    """Raise QueryError where a text or a limit is beyond what the settings allow, or the text is blank."""
    if len(text) > settings.max_text:
        raise QueryError(
            f"the text has {len(text):,} characters; {settings.max_text:,} is the most", "Send one clause at a time"
        )
    if limit > settings.max_results:
        raise QueryError(f"limit is {limit}; {settings.max_results} is the most", "Ask for fewer hits, or filter")


def known(view: View, query: CounterpartsQuery) -> None:
    """Raise QueryError where a filter names an instrument that is not in the corpus, or a day that has not been."""
    if query.as_of:
        changes.checked(query.as_of)
    for key in query.instrument:
        if key not in view.instruments:
            raise QueryError(f"instrument: {key!r} is not in the corpus", "Its instruments are listed at /instruments")
    for key in query.topic:
        if key not in view.taxonomy.topics:
            raise QueryError(f"topic: {key!r} is not in the taxonomy", "Its topics are listed at /topics")


def _answered(
    service: Service, view: View, ask: Callable[[Filters, int], Answers], query: CounterpartsQuery
) -> AnswersOut:
    """What ``ask`` (filters, limit) answers to the query, with facets counted over what it answers without filters."""
    filters = query.filters()
    unfiltered = Filters(as_of=filters.as_of)
    with service.turns.turn():
        wide = ask(unfiltered, max(query.limit, DEPTH))
        answers = ask(filters, query.limit) if filters != unfiltered else wide
    spent = wide.took_ms + (answers.took_ms if answers is not wide else 0)
    cut = tuple(replace(a, hits=a.hits[: query.limit]) for a in answers.answers)
    counted = facets([a for a in wide.answers if view.state(a) == "found"], filters)
    named = {facet: [_facet(view, facet, f) for f in found] for facet, found in counted.items()}
    return AnswersOut.of(replace(answers, answers=cut, took_ms=spent), view).model_copy(update={"facets": named})


def _facet(view: View, facet: str, f: Facet) -> FacetOut:
    label = f.value
    if facet == "jurisdiction":
        label = jurisdictions()[f.value].name
    elif facet == "language" and f.value in languages():
        label = languages()[f.value].name
    elif facet == "topic" and f.value in view.taxonomy.topics:
        label = view.taxonomy.topics[f.value].label()
    return FacetOut(value=f.value, label=label, count=f.count, chosen=f.chosen)


def cited(view: View, text: str) -> Cited | None:
    """What a text cites; None where it is no citation."""
    return cite(text, view.register, view.store)


def searched(service: Service, view: View, query: SearchQuery, *, citing: bool = True) -> AnswersOut:
    """Answers to words; of a citation, unless ``citing`` is off, what it cites, and the counterparts of that.

    Raises QueryError."""
    bounded(service.settings, query.q, query.limit)
    known(view, query)
    found = cited(view, query.q) if citing else None

    def ask(filters: Filters, limit: int) -> Answers:
        if found and found.provisions:
            return view.searcher.counterparts(found.provisions[0], filters, limit=limit)
        return view.searcher.search(query.q, filters, limit=limit)

    return _answered(service, view, ask, query).model_copy(update={"cited": found and CitedOut.of(found)})


def clause_answered(service: Service, view: View, query: ClauseRequest) -> AnswersOut:
    """Counterparts of a drafted clause. Raises QueryError."""
    bounded(service.settings, query.text, query.limit)
    known(view, query)
    return _answered(service, view, lambda f, n: view.searcher.counterparts_of_text(query.text, f, limit=n), query)


def counterparts(service: Service, view: View, source: Provision, query: CounterpartsQuery) -> AnswersOut:
    """Counterparts of a provision. Raises QueryError."""
    bounded(service.settings, limit=query.limit)
    known(view, query)
    if query.as_of:
        source = changes.stood(view, source.id, query.as_of).provision
    return _answered(service, view, lambda f, n: view.searcher.counterparts(source, f, limit=n), query)


def compared(service: Service, view: View, query: CompareQuery) -> ComparisonOut:
    """Two to six texts side by side. Raises NotFoundError, QueryError."""
    clause = query.text.strip()
    bounded(service.settings, clause)
    provisions = list({p.id: p for p in map(view.provision, query.id)}.values())
    sources: list[Provision | None] = [*([None] if clause else []), *provisions]
    if len(sources) < 2:
        raise QueryError("these ids name one and the same provision", "Choose two or more")
    others = provisions[0 if clause else 1 :]
    with service.turns.turn():
        scores, language = view.same_subject(clause or provisions[0], others, service.settings.max_results)
    subject = [None, *scores]
    languages = [p.language if p else language for p in sources]
    columns = [
        Column(language=languages[i], parts=pieces_of(p, view.store.children(p)) if p else clause_parts(clause))
        for i, p in enumerate(sources)
    ]
    with service.turns.turn():
        near = view.nearness(list(zip(sources, columns, strict=True)))
    comparison = compare(columns, near, _baselines(view, query, sources))
    return ComparisonOut.of(view, sources, columns, comparison, subject)


def _baselines(view: View, query: CompareQuery, sources: Sequence[Provision | None]) -> list[int]:
    """The numbers of the columns that a query names as baselines. Raises NotFoundError, QueryError."""
    places = {p.id if p else CLAUSE: i for i, p in enumerate(sources)}
    found = []
    for key in query.baseline:
        name = key if key == CLAUSE else view.provision(key).id
        if name not in places:
            raise QueryError(f"baseline: {key!r} is none of the columns", "Name one of the ids that are compared")
        found.append(places[name])
    return found


def coverage(view: View) -> list[Coverage]:
    """What the corpus holds, by jurisdiction: every member state, and others where there is something."""
    found = []
    unread = view.unread()
    for code, jurisdiction in jurisdictions().items():
        count = view.facets["jurisdiction"][code]
        if jurisdiction.member or count or code in unread:
            mine = [e for e in view.entries if view.instruments[e.instrument.id].jurisdiction == code]
            counted = _quality([e.report for e in mine])
            found.append(
                Coverage(
                    jurisdiction=JurisdictionOut.of(code),
                    instruments=count,
                    units=view.units[code],
                    languages=sorted({e.language for e in mine}),
                    unread=unread.get(code, []),
                    **counted,
                )
            )
    return found


def _quality(reports: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the parse reports say together; a report without a figure adds nothing to it."""
    characters = sum(sum(r.get("characters", {}).values()) for r in reports)
    unassigned = sum(r.get("unassigned", 0) for r in reports)
    return {
        "expected": sum(r.get("expected", 0) for r in reports),
        "found": sum(r.get("found", 0) for r in reports),
        "missing": sum(len(r.get("missing", ())) for r in reports),
        "unassigned": round(unassigned / characters, 4) if characters else 0,
        "ocr_pages": sum(len(r.get("ocr_pages", ())) for r in reports),
        "pages": sum(r.get("pages", 0) for r in reports),
    }


@cache
def accuracy() -> AccuracyOut:
    """Measured accuracy, as docs/matching.md has it."""
    text = files("lawsearch").joinpath("data", "accuracy.toml").read_text("utf-8")
    return AccuracyOut.model_validate(tomllib.loads(text))


def about(view: View) -> About:
    """What is served: the corpus, the models, accuracy, and what the last re-index changed."""
    return About(
        generation=view.name,
        manifest=dict(view.searcher.generation.manifest),
        version=__version__,
        jurisdictions=coverage(view),
        accuracy=accuracy(),
        changes=view.changes and ChangesOut.of(view.changes),
    )


def instrument_list(view: View) -> list[InstrumentOut]:
    """Every instrument, by jurisdiction as they are shown, then year and name."""
    order = list(jurisdictions())
    ranked = sorted(view.instruments.values(), key=lambda i: (order.index(i.jurisdiction), i.year or 0, i.name, i.id))
    return [InstrumentOut.of(i) for i in ranked]


def provision_page(view: View, provision: Provision, pictures: Pictures | None = None) -> ProvisionPage:
    """A provision with what stands around it."""
    before, after = view.neighbours(provision)
    explanation, explains = view.explanation(provision), view.explained(provision)
    refusal = pictures.refusal(_entry(view, provision)) if pictures else "This server draws no pages"
    if not refusal and not provision.boxes:
        refusal = "It is not known where on the page it stands"
    return ProvisionPage(
        provision=ProvisionOut.of(provision),
        instrument=InstrumentOut.of(view.instruments[provision.instrument]),
        children=[ProvisionOut.of(c) for c in view.store.children(provision)],
        explanation=explanation and ProvisionOut.of(explanation),
        explains=explains and ProvisionRef.of(explains),
        previous=before and ProvisionRef.of(before),
        next=after and ProvisionRef.of(after),
        topics=[TopicRef.of(view, key, score) for key, score in view.topics_of(provision)],
        pictures=[] if refusal else [f"/picture{provision.id}?page={page}" for page in pages_of(provision)],
        no_picture=refusal,
    )


def former_page(view: View, key: str, as_of: date) -> ProvisionPage:
    """A provision as it stood at the end of a day, without what is only known of today's texts.

    Raises NotFoundError, QueryError.
    """
    found = changes.stood(view, key, as_of)
    return ProvisionPage(
        provision=ProvisionOut.of(found.provision),
        instrument=InstrumentOut.of(found.instrument),
        children=[ProvisionOut.of(p) for p in found.below(found.provision)],
        previous=None, next=None, topics=[], pictures=[], no_picture="Pages are shown of today’s texts only",
        as_of=found.facts,
    )  # fmt: skip


def _entry(view: View, provision: Provision) -> Entry:
    """The expression that a provision belongs to."""
    place = (provision.instrument, provision.language)
    return next(e for e in view.entries if (e.instrument.id, e.language) == place)


def picture(view: View, pictures: Pictures, key: str, page: int) -> tuple[bytes, str]:
    """A page that a provision stands on as PNG, and a tag that changes when the picture does. Raises NotFoundError."""
    provision = view.provision(key)
    page = page or provision.page
    entry = _entry(view, provision)
    place = "-".join(f"{b.x0:.0f}.{b.y0:.0f}.{b.x1:.0f}.{b.y1:.0f}" for b in provision.boxes if b.page == page)
    tag = digest(f"{entry.source.digest} {provision.id} {page} {place}")[:32]
    return pictures.png(entry, provision, page), tag


def instrument_page(view: View, key: str) -> InstrumentPage:
    """An instrument with its expressions. Raises NotFoundError."""
    instrument, entries = view.instrument(key)
    return InstrumentPage(
        instrument=InstrumentOut.of(instrument),
        expressions=[ExpressionOut.of(e, view.store.contents(instrument.id, e.language)) for e in entries],
    )


def topic_list(view: View) -> TopicList:
    """The taxonomy, with how many provisions are about each topic."""
    counts = view.facets["topic"]
    topics = [
        TopicOut(
            id=t.id, field=t.field, definition=t.definition, labels=dict(t.labels), provisions=counts[t.id]
        )
        for t in view.taxonomy.topics.values()
    ]  # fmt: skip
    return TopicList(generation=view.name, topics=topics)


def laws(view: View) -> list[LawOut]:
    """Which member states have a data protection law, as the catalogue knows it."""
    return [
        LawOut(
            jurisdiction=JurisdictionOut.of(code),
            law=law and InstrumentOut.of(law),
            instead=[InstrumentOut.of(i) for i in instead],
            says=answer.says,
            source=answer.source,
            status_date=answer.status_date,
        )
        for code, answer, law, instead in census.data_protection(view.catalogue)
    ]


def catalogue_page(view: View) -> CatalogueOut:
    """Every instrument of the catalogue and of the corpus, and whether its text is here."""
    rows = [
        CatalogueRow(instrument=InstrumentOut.of(c.instrument), text=c.text, here=c.here, listed=c.listed)
        for c in census.coverage(view.catalogue, view.instruments)
    ]
    return CatalogueOut(instruments=rows, data_protection=laws(view))
