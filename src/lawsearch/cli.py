"""The command ``lawsearch``: ask, read and compare; the operator's commands are in ``operating``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import date
from operator import attrgetter
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from lawsearch import drafting, following, operating, upkeep  # noqa: F401 - they add their commands
from lawsearch.answer import DAY_ENDS, Answers, Filters
from lawsearch.console import Json, app, err, out, print_json
from lawsearch.errors import LawsearchError, NotFoundError, QueryError
from lawsearch.instrument import FORCES, KINDS, STATUSES
from lawsearch.provision import Provision
from lawsearch.settings import Settings, described, load_settings
from lawsearch.settings import markdown as table_of_settings
from lawsearch.vocabulary import jurisdictions, languages

Jurisdictions = Annotated[
    list[str] | None, typer.Option("--jurisdiction", "-j", help="Only this jurisdiction (repeatable): sg, id, asean …")
]
Forces = Annotated[list[str] | None, typer.Option("--force", help="Only binding, non-binding or unknown (repeatable).")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind of instrument (repeatable).")]
Statuses = Annotated[list[str] | None, typer.Option("--status", help="Only this status (repeatable).")]
Languages = Annotated[list[str] | None, typer.Option("--language", "-l", help="Only this language (repeatable).")]
Instruments = Annotated[list[str] | None, typer.Option("--instrument", help="Only this instrument id (repeatable).")]
Topics = Annotated[list[str] | None, typer.Option("--topic", help="Only about this topic, by id (repeatable).")]
YearFrom = Annotated[int | None, typer.Option(help="Only instruments of this year or later.")]
YearTo = Annotated[int | None, typer.Option(help="Only instruments of this year or earlier.")]
AsOf = Annotated[str, typer.Option(help="Texts as they stood here at the end of this day: 2026-11-01.")]
Limit = Annotated[int, typer.Option("--limit", "-n", min=1, max=50, help="Most hits for each jurisdiction.")]


def main() -> None:
    """Run the command line; an expected failure prints one sentence and exits with 1."""
    # Windows consoles default to a code page without most of the region's scripts.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")
    try:
        app()
    except LawsearchError as error:
        err.print(f"[bold red]error:[/] {escape(str(error))}")
        raise SystemExit(1) from None


def _filters(
    jurisdiction: list[str] | None, force: list[str] | None, kind: list[str] | None, status: list[str] | None,
    language: list[str] | None, instrument: list[str] | None, year_from: int | None, year_to: int | None,
    topic: list[str] | None, as_of: str,
) -> Filters:  # fmt: skip
    given = (
        ("jurisdiction", jurisdiction, jurisdictions()), ("force", force, FORCES), ("kind", kind, KINDS),
        ("status", status, STATUSES), ("language", language, languages()),
    )  # fmt: skip
    for name, values, allowed in given:
        for value in values or ():
            if value not in allowed:
                raise QueryError(f"{name} {value!r} is not known", f"Use one of: {', '.join(allowed)}")
    return Filters(
        jurisdictions=tuple(jurisdiction or ()),
        forces=tuple(force or ()),
        kinds=tuple(kind or ()),
        statuses=tuple(status or ()),
        languages=tuple(language or ()),
        instruments=tuple(instrument or ()),
        year_from=year_from,
        year_to=year_to,
        topics=tuple(topic or ()),
        as_of=f"{_day(as_of)}{DAY_ENDS}" if as_of else "",
    )


def _day(text: str) -> date:
    """The day that is meant, which has been. Raises QueryError."""
    from lawsearch.changes import checked

    try:
        return checked(date.fromisoformat(text))
    except ValueError:
        raise QueryError(f"as-of: {text!r} is no day", "Write it as 2026-11-01") from None


def _stood(view: Any, identifier: str, as_of: str) -> Any:
    """A provision as it read at the end of a day. Raises NotFoundError, QueryError."""
    from lawsearch.changes import stood

    found = stood(view, identifier, _day(as_of))
    facts = found.facts
    until = f"until {facts.until[:10]}" if facts.until else "to this day"
    err.print(f"[yellow]as seen here from {facts.since[:10]} {until}; {facts.note[0].lower()}{facts.note[1:]}[/]")
    return found


def _meant(text: str, generation: Any, settings: Settings) -> Provision:
    """The one provision that an id or a citation means. Raises NotFoundError."""
    from lawsearch.catalogue import load
    from lawsearch.reference import cite
    from lawsearch.register import Register

    if text.strip("/ ").startswith("akn/"):
        return generation.store.resolve(text)
    try:
        known = [entry.instrument for entry in load(settings.catalogue_dir).entries]
    except LawsearchError:
        known = []
    found = cite(text, Register(generation.instruments, known, generation.ids), generation.store)
    if found is None:
        raise NotFoundError(f"no provision {text!r} in the corpus", "Write an id or a citation such as PDPA s 26D")
    if len(found.provisions) > 1:
        choices = ", ".join(p.id for p in found.provisions[:8])
        raise NotFoundError(f"{text!r} could be {len(found.provisions)} provisions", f"Say which: {choices}")
    if not found.provisions:
        named = ", ".join(i.name for i in found.instruments)
        raise NotFoundError(found.unknown or f"{text!r} names an instrument ({named}) and no provision of it")
    if found.unknown:
        err.print(f"[yellow]{escape(found.unknown)}[/]")
    return found.provisions[0]


def _searcher(settings: Settings) -> Any:
    from lawsearch.search import Searcher

    with err.status("loading"):
        return Searcher.open(settings)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Words, or a whole clause.")],
    jurisdiction: Jurisdictions = None, force: Forces = None, kind: Kinds = None, status: Statuses = None,
    language: Languages = None, instrument: Instruments = None, year_from: YearFrom = None, year_to: YearTo = None,
    topic: Topics = None, as_of: AsOf = "", limit: Limit = 3, as_json: Json = False,
) -> None:  # fmt: skip
    """Find the provisions of every jurisdiction that answer a text."""
    filters = _filters(jurisdiction, force, kind, status, language, instrument, year_from, year_to, topic, as_of)
    _show_answers(_searcher(load_settings()).search(text, filters, limit=limit), as_json)


@app.command()
def counterparts(
    identifier: Annotated[str, typer.Argument(help="A provision: its id or a citation (PDPA s 26D).")],
    jurisdiction: Jurisdictions = None, force: Forces = None, kind: Kinds = None, status: Statuses = None,
    language: Languages = None, instrument: Instruments = None, year_from: YearFrom = None, year_to: YearTo = None,
    topic: Topics = None, as_of: AsOf = "", limit: Limit = 3, as_json: Json = False,
) -> None:  # fmt: skip
    """Find the corresponding provisions of every other jurisdiction."""
    searcher = _searcher(load_settings())
    filters = _filters(jurisdiction, force, kind, status, language, instrument, year_from, year_to, topic, as_of)
    if as_of:
        from lawsearch.service import View

        source = _stood(View(searcher), identifier, as_of).provision
    else:
        source = _meant(identifier, searcher.generation, load_settings())
    _show_answers(searcher.counterparts(source, filters, limit=limit), as_json)


@app.command()
def show(
    identifier: Annotated[str, typer.Argument(help="A provision: its id or a citation (PDPA s 26D).")],
    as_of: AsOf = "",
    as_json: Json = False,
) -> None:
    """Show one provision with its text, its place and its parts."""
    from lawsearch.generation import Generation

    settings = load_settings()
    generation = Generation.current(settings.index_dir)
    store = generation.store
    if as_of:
        found = _stood(drafting.view_of(settings), identifier, as_of)
        provision, children, i = found.provision, found.below(found.provision), found.instrument
    else:
        provision = _meant(identifier, generation, settings)
        children, i = store.children(provision), generation.instruments[provision.instrument]
    if as_json:
        print_json({**asdict(provision), "children": [asdict(c) for c in children]})
        return
    out.print(f"[bold]{escape(provision.citation)}[/]  {escape(provision.heading)}")
    place = f"p. {provision.page}" if provision.page else "page unknown"
    out.print(f"[dim]{provision.id} · {i.force} · {i.status} · {place}[/]")
    for title in provision.path:
        out.print(f"[dim]{escape(title)}[/]")
    out.print()
    out.print(escape(provision.text))
    if children:
        out.print(f"\n[dim]parts: {', '.join(c.eid for c in children)}[/]")


@app.command()
def compare(
    identifiers: Annotated[list[str], typer.Argument(help="Two to six provisions' ids.")], as_json: Json = False
) -> None:
    """Put provisions side by side: what differs within a language, how strongly each binds, what parameters it sets."""
    from lawsearch.alignment import Column
    from lawsearch.comparison import compare as run
    from lawsearch.comparison import parameter_rows, pieces_of, strengths
    from lawsearch.generation import Generation
    from lawsearch.service import nearness

    if not 2 <= len(identifiers) <= 6:
        raise QueryError(f"{len(identifiers)} provisions given", "Compare two to six")
    generation = Generation.current(load_settings().index_dir)
    store, instruments = generation.store, generation.instruments
    found = [store.resolve(key) for key in identifiers]
    columns = [Column(language=p.language, parts=pieces_of(p, store.children(p))) for p in found]
    # Only what the index holds: loading the models would take longer than all the rest.
    result = run(columns, nearness(generation, list(zip(found, columns, strict=True))))
    set_here = parameter_rows(columns, [instruments[p.instrument].jurisdiction for p in found])
    if as_json:
        values = [
            {"kind": r.parameter.kind, "shown": r.parameter.shown, "unit": r.parameter.unit, "texts": r.texts,
             "value": float(r.parameter.value)} for r in set_here
        ]  # fmt: skip
        bound = [strengths(c) for c in columns]
        print_json({"provisions": [p.id for p in found], **asdict(result), "strengths": bound, "parameters": values})
        return
    table = Table(*(escape(f"{p.citation}\n{p.heading}") for p in found), show_lines=True)
    for row in result.rows:
        table.add_row(*(_cell(cell) if cell else "" for cell in row))
    out.print(table)
    for place, (reference, share) in enumerate(zip(result.references, result.same_words, strict=True)):
        if reference is not None and share is not None:
            out.print(f"{found[place].citation}: {share:.0%} the same words as {found[reference].citation}")
    for p, column in zip(found, columns, strict=True):
        words = strengths(column) or {}
        said = (f"{s}: {', '.join(f'{w} ×{n}' for w, n in c.most_common())}" for s, c in words.items() if c)
        out.print(escape(f"{p.citation}: {'; '.join(said) or 'no words of strength found'}"))
    if set_here:
        table = Table("parameter", *(escape(p.citation) for p in found))
        for r in set_here:
            table.add_row(f"{r.parameter.kind}: {r.parameter.shown}", *(escape("; ".join(t)) for t in r.texts))
        out.print(table)


def _cell(cell: Any) -> str:
    """One cell of a comparison: additions underlined, removals struck through, identical wordings dimmed."""
    number = escape(f"{cell.part.number} ").lstrip()
    if cell.same_as is not None:
        return f"[dim]{number}{escape(cell.part.text)}[/]"
    if not cell.spans:
        return number + escape(cell.part.text)
    style = {"same": "{}", "added": "[underline]{}[/]", "removed": "[strike dim]{}[/]"}
    return number + "".join(style[span.op].format(escape(span.text)) for span in cell.spans)


def _show_answers(answers: Answers, as_json: bool) -> None:
    if as_json:
        print_json(asdict(answers))
        return
    table = Table("jurisdiction", "score", "citation", "heading / passage", "force", "why")
    for answer in answers.answers:
        name = jurisdictions()[answer.jurisdiction].name
        if not answer.units:
            table.add_row(f"[dim]{name}", "", "[dim]no text in the corpus", "", "", "")
            continue
        for rank, hit in enumerate(answer.hits):
            why = " · ".join(s.name for s in hit.signals if s.share > 0)
            shared = ", ".join(list(dict.fromkeys((*hit.concepts, *hit.terms)))[:8])
            if shared:
                why += f"\n[dim]{escape(shared)}[/]"
            doubt = f"\n[dim]none: {answer.no_counterpart:.0%}[/]" if rank == 0 else ""
            spoken = languages().get(hit.provision.language)
            text = hit.passage if len(hit.passage) < 160 else hit.passage[:160] + "…"
            table.add_row(
                (name if rank == 0 else "") + doubt,
                f"{hit.score:.2f}\n[dim]{hit.grade}[/]",
                escape(hit.provision.citation) + f"\n[dim]{hit.provision.id}[/]",
                f"[bold]{escape(hit.provision.heading)}[/]\n{escape(text)}".strip(),
                f"{hit.instrument.force}\n[dim]{spoken.name if spoken else ''}[/]",
                why,
            )
    out.print(table)
    out.print(f"[dim]{answers.took_ms:.0f} ms · index {answers.generation}[/]")


@app.command("settings")
def show_settings(
    markdown: Annotated[bool, typer.Option(help="As the table of docs/settings.md.")] = False,
) -> None:
    """List every setting, what it does and its value."""
    if markdown:
        print(table_of_settings(), end="")
        return
    settings = load_settings()
    table = Table("setting", "value", "what it does")
    for name, field in described():
        table.add_row(name, escape(str(attrgetter(name)(settings))), escape(field.description or ""))
    out.print(table)


if __name__ == "__main__":
    main()
