"""What the API and the pages both answer, so that they never say different things."""

from __future__ import annotations

from lawsearch import coverage as census
from lawsearch.alignment import Column
from lawsearch.comparison import clause_parts, compare, parts
from lawsearch.errors import NotFoundError, QueryError
from lawsearch.matrix import matrix
from lawsearch.provision import Provision
from lawsearch.queries import ClauseRequest, CompareQuery, CounterpartsQuery, SearchQuery
from lawsearch.schemas import (
    AnswersOut,
    CatalogueOut,
    CatalogueRow,
    ComparisonOut,
    Coverage,
    ExpressionOut,
    InstrumentOut,
    InstrumentPage,
    JurisdictionOut,
    LawOut,
    MatrixCell,
    MatrixOut,
    MatrixRow,
    ProvisionOut,
    ProvisionPage,
    ProvisionRef,
    ScoredRef,
    TopicList,
    TopicOut,
    TopicRef,
)
from lawsearch.service import Service, View
from lawsearch.settings import Settings
from lawsearch.vocabulary import jurisdictions


def bounded(settings: Settings, text: str = "", limit: int = 1) -> None:
    """Raise QueryError where a text or a limit is beyond what the settings allow, or the text is blank."""
    if len(text) > settings.max_text:
        raise QueryError(
            f"the text has {len(text):,} characters; {settings.max_text:,} is the most", "Send one clause at a time"
        )
    if limit > settings.max_results:
        raise QueryError(f"limit is {limit}; {settings.max_results} is the most", "Ask for fewer hits, or filter")


def known(view: View, query: CounterpartsQuery) -> None:
    """Raise QueryError where a filter names an instrument that is not in the corpus."""
    for key in query.instrument:
        if key not in view.instruments:
            raise QueryError(f"instrument: {key!r} is not in the corpus", "Its instruments are listed at /instruments")
    for key in query.topic:
        if key not in view.taxonomy.topics:
            raise QueryError(f"topic: {key!r} is not in the taxonomy", "Its topics are listed at /topics")


def searched(service: Service, view: View, query: SearchQuery) -> AnswersOut:
    """Answers to words. Raises QueryError."""
    bounded(service.settings, query.q, query.limit)
    known(view, query)
    return AnswersOut.of(view.searcher.search(query.q, query.filters(), limit=query.limit), view)


def clause_answered(service: Service, view: View, query: ClauseRequest) -> AnswersOut:
    """Counterparts of a drafted clause. Raises QueryError."""
    bounded(service.settings, query.text, query.limit)
    known(view, query)
    return AnswersOut.of(view.searcher.counterparts_of_text(query.text, query.filters(), limit=query.limit), view)


def counterparts(service: Service, view: View, source: Provision, query: CounterpartsQuery) -> AnswersOut:
    """Counterparts of a provision. Raises QueryError."""
    bounded(service.settings, limit=query.limit)
    known(view, query)
    return AnswersOut.of(view.searcher.counterparts(source, query.filters(), limit=query.limit), view)


def compared(service: Service, view: View, query: CompareQuery) -> ComparisonOut:
    """Two to six texts side by side. Raises NotFoundError, QueryError."""
    clause = query.text.strip()
    bounded(service.settings, clause)
    provisions = list({p.id: p for p in map(view.provision, query.id)}.values())
    sources: list[Provision | None] = [*([None] if clause else []), *provisions]
    if len(sources) < 2:
        raise QueryError("these ids name one and the same provision", "Choose two or more")
    subject: list[float | None] = [None]
    languages = [p.language if p else "" for p in sources]
    for other in provisions[0 if clause else 1 :]:
        score, language = view.same_subject(clause or provisions[0], other, service.settings.max_results)
        subject.append(score)
        languages[0] = languages[0] or language
    columns = [
        Column(language=languages[i], parts=parts(p, view.store.children(p)) if p else clause_parts(clause))
        for i, p in enumerate(sources)
    ]
    return ComparisonOut.of(view, sources, languages, compare(columns), subject)


def coverage(view: View) -> list[Coverage]:
    """What the corpus holds, by jurisdiction: every member state, and others where there is something."""
    found = []
    for code, jurisdiction in jurisdictions().items():
        count = view.facets["jurisdiction"][code]
        if jurisdiction.member or count:
            mine = [e for e in view.entries if view.instruments[e.instrument.id].jurisdiction == code]
            found.append(
                Coverage(
                    jurisdiction=JurisdictionOut.of(code),
                    instruments=count,
                    units=view.units[code],
                    languages=sorted({e.language for e in mine}),
                )
            )
    return found


def instrument_list(view: View) -> list[InstrumentOut]:
    """Every instrument, by jurisdiction as they are shown, then year and name."""
    order = list(jurisdictions())
    ranked = sorted(view.instruments.values(), key=lambda i: (order.index(i.jurisdiction), i.year or 0, i.name, i.id))
    return [InstrumentOut.of(i) for i in ranked]


def provision_page(view: View, provision: Provision) -> ProvisionPage:
    """A provision with what stands around it."""
    before, after = view.neighbours(provision)
    return ProvisionPage(
        provision=ProvisionOut.of(provision),
        instrument=InstrumentOut.of(view.instruments[provision.instrument]),
        children=[ProvisionOut.of(c) for c in view.store.children(provision)],
        previous=before and ProvisionRef.of(before),
        next=after and ProvisionRef.of(after),
        topics=[TopicRef.of(view, key, score) for key, score in view.topics_of(provision)],
    )


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


def matrix_page(view: View, field: str, codes: list[str]) -> MatrixOut:
    """The topics of a field over jurisdictions, by default the member states and who else has text.

    Raises NotFoundError where there is no such field.
    """
    if field not in view.taxonomy.fields:
        names = ", ".join(view.taxonomy.fields) or "none, the taxonomy is empty"
        raise NotFoundError(f"no field {field!r} in the taxonomy", f"Its fields: {names}")
    wanted = codes or [code for code, j in jurisdictions().items() if j.member or view.units[code]]
    rows = [
        MatrixRow(
            topic=TopicRef.of(view, row.topic.id),
            definition=row.topic.definition,
            cells=[
                MatrixCell(
                    jurisdiction=cell.jurisdiction,
                    state="found" if cell.provisions else "none" if cell.units else "no text",
                    provisions=[ScoredRef(provision=ProvisionRef.of(p), score=round(s, 3)) for p, s in cell.provisions],
                    more=cell.more,
                )
                for cell in row.cells
            ],
        )
        for row in matrix(view.searcher.generation, view.store, view.taxonomy.of(field), wanted)
    ]
    return MatrixOut(
        generation=view.name,
        field=field,
        jurisdictions=[JurisdictionOut.of(code) for code in wanted],
        laws=[law for law in laws(view) if law.jurisdiction.code in wanted] if field == "personal-data" else [],
        rows=rows,
    )


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
