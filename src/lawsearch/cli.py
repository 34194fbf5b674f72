"""The command ``lawsearch``: ingest, index, ask, compare, measure, serve."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from lawsearch.answer import Answers, Filters
from lawsearch.errors import LawsearchError, QueryError
from lawsearch.instrument import FORCES, KINDS, STATUSES
from lawsearch.settings import Settings, load_settings
from lawsearch.vocabulary import jurisdictions, languages

app = typer.Typer(
    name="lawsearch",
    help="Corresponding provisions of South-East Asian law, side by side.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Jurisdictions = Annotated[
    list[str] | None, typer.Option("--jurisdiction", "-j", help="Only this jurisdiction (repeatable): sg, id, asean …")
]
Forces = Annotated[list[str] | None, typer.Option("--force", help="Only binding, non-binding or unknown (repeatable).")]
Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only this kind of instrument (repeatable).")]
Statuses = Annotated[list[str] | None, typer.Option("--status", help="Only this status (repeatable).")]
Languages = Annotated[list[str] | None, typer.Option("--language", "-l", help="Only this language (repeatable).")]
Instruments = Annotated[list[str] | None, typer.Option("--instrument", help="Only this instrument id (repeatable).")]
YearFrom = Annotated[int | None, typer.Option(help="Only instruments of this year or later.")]
YearTo = Annotated[int | None, typer.Option(help="Only instruments of this year or earlier.")]
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


@contextmanager
def _bar() -> Iterator[Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        yield progress


@contextmanager
def _steps() -> Iterator[Any]:
    """A callback (what, done, total) that draws one bar for each kind of step."""
    with _bar() as bar:
        tasks: dict[str, Any] = {}

        def step(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done)

        yield step


@app.command()
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="PDF files, or folders of them.")],
    index_too: Annotated[bool, typer.Option("--index/--no-index", help="Build the index afterwards.")] = True,
) -> None:
    """Read laws from PDFs into the store and index them. Files that did not change are skipped."""
    from ingest.catalogue import load
    from ingest.pipeline import ADDED, CHANGED, FAILED, UNCHANGED
    from ingest.pipeline import ingest as run
    from lawsearch.store import Store

    settings = load_settings()
    with Store(settings.store_path) as store, _bar() as bar:
        task = bar.add_task("reading", total=None)

        def progress(outcome: Any, done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, description=f"reading {outcome.path.name}")

        outcomes = run(paths, store, load(settings.catalogue_dir), progress)
    table = Table("document", "instrument", "found", "missing", "unassigned", "extractor", "notes", title=None)
    for outcome in outcomes:
        for language, report in outcome.reports:
            table.add_row(
                escape(outcome.path.name),
                escape(f"{outcome.instrument} ({language})"),
                f"{report.get('found', 0)} of {report.get('expected', 0)}",
                escape(", ".join(map(str, report.get("missing", [])[:8])) or "–"),
                f"{report.get('unassigned', 0)} chars",
                escape(str(report.get("extractor", ""))),
                escape(", ".join(report.get("flags", []))),
            )
    if table.row_count:
        out.print(table)
    for outcome in outcomes:
        if outcome.state == FAILED:
            err.print(f"[bold red]not read:[/] {escape(outcome.reason)}")
    counts = {state: sum(o.state == state for o in outcomes) for state in (ADDED, CHANGED, UNCHANGED, FAILED)}
    out.print(", ".join(f"{n} {state}" for state, n in counts.items()))
    if not outcomes:
        err.print("[bold red]error:[/] no PDF there")
        raise typer.Exit(1)
    if index_too and counts[FAILED] < len(outcomes):
        from lawsearch.indexing import up_to_date

        current = up_to_date(settings) if not counts[ADDED] and not counts[CHANGED] else None
        out.print(f"index {current} is current") if current else index()
    if counts[FAILED]:
        raise typer.Exit(1)


@app.command()
def index(force: Annotated[bool, typer.Option(help="Build even if nothing changed.")] = False) -> None:
    """Build the next generation of the index from the store and switch to it."""
    from lawsearch.embedding import load_models
    from lawsearch.indexing import build

    settings = load_settings()
    with err.status("loading the models (the first time they are unpacked)"):
        models = load_models(settings)
    with _steps() as step:
        name = build(settings, models, step, force=force)
    out.print(f"index {name} is current")


@app.command()
def parse(
    path: Annotated[Path, typer.Argument(help="One PDF.")],
    as_json: Json = False,
) -> None:
    """Show what is found in one PDF, without storing it."""
    from ingest.catalogue import load
    from ingest.parsing import as_json as plain
    from ingest.parsing import parse as run

    settings = load_settings()
    expressions = run(path, catalogue=load(settings.catalogue_dir))
    if as_json:
        _print(plain(expressions))
        return
    for expression in expressions:
        i = expression.instrument
        out.print(f"[bold]{escape(i.title or i.native_title)}[/]  {i.id}  {i.jurisdiction}  {expression.language}")
        table = Table("page", "label", "heading", "characters", "flags")
        for p in expression.provisions:
            if p.is_unit:
                table.add_row(str(p.page), escape(p.label), escape(p.heading), str(len(p.text)), ", ".join(p.flags))
        out.print(table)
        _print(expression.report)


def _filters(
    jurisdiction: list[str] | None, force: list[str] | None, kind: list[str] | None, status: list[str] | None,
    language: list[str] | None, instrument: list[str] | None, year_from: int | None, year_to: int | None,
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
    )


def _searcher(settings: Settings) -> Any:
    from lawsearch.search import Searcher

    with err.status("loading"):
        return Searcher.open(settings)


@app.command()
def search(
    text: Annotated[str, typer.Argument(help="Words, or a whole clause.")],
    jurisdiction: Jurisdictions = None, force: Forces = None, kind: Kinds = None, status: Statuses = None,
    language: Languages = None, instrument: Instruments = None, year_from: YearFrom = None, year_to: YearTo = None,
    limit: Limit = 3, as_json: Json = False,
) -> None:  # fmt: skip
    """Find the provisions of every jurisdiction that answer a text."""
    filters = _filters(jurisdiction, force, kind, status, language, instrument, year_from, year_to)
    _show_answers(_searcher(load_settings()).search(text, filters, limit=limit), as_json)


@app.command()
def counterparts(
    identifier: Annotated[str, typer.Argument(help="A provision's id: /akn/sg/act/2012/26/~sec_26D")],
    jurisdiction: Jurisdictions = None, force: Forces = None, kind: Kinds = None, status: Statuses = None,
    language: Languages = None, instrument: Instruments = None, year_from: YearFrom = None, year_to: YearTo = None,
    limit: Limit = 3, as_json: Json = False,
) -> None:  # fmt: skip
    """Find the corresponding provisions of every other jurisdiction."""
    searcher = _searcher(load_settings())
    filters = _filters(jurisdiction, force, kind, status, language, instrument, year_from, year_to)
    source = searcher.generation.store.resolve(identifier)
    _show_answers(searcher.counterparts(source, filters, limit=limit), as_json)


@app.command()
def show(identifier: Annotated[str, typer.Argument(help="A provision's id.")], as_json: Json = False) -> None:
    """Show one provision with its text, its place and its parts."""
    from lawsearch.generation import Generation

    store = Generation.current(load_settings().index_dir).store
    provision = store.resolve(identifier)
    children = store.children(provision)
    if as_json:
        _print({**asdict(provision), "children": [asdict(c) for c in children]})
        return
    i = store.instruments()[provision.instrument]
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
    """Put provisions side by side, with what differs where they share a language."""
    from lawsearch.alignment import Column
    from lawsearch.comparison import compare as run
    from lawsearch.comparison import parts
    from lawsearch.generation import Generation

    if not 2 <= len(identifiers) <= 6:
        raise QueryError(f"{len(identifiers)} provisions given", "Compare two to six")
    store = Generation.current(load_settings().index_dir).store
    found = [store.resolve(key) for key in identifiers]
    result = run([Column(language=p.language, parts=parts(p, store.children(p))) for p in found])
    if as_json:
        _print({"provisions": [p.id for p in found], **asdict(result)})
        return
    table = Table(*(escape(f"{p.citation}\n{p.heading}") for p in found), show_lines=True)
    for row in result.rows:
        table.add_row(*(_cell(cell) if cell else "" for cell in row))
    out.print(table)
    for place, (reference, share) in enumerate(zip(result.references, result.same_words, strict=True)):
        if reference is not None and share is not None:
            out.print(f"{found[place].citation}: {share:.0%} the same words as {found[reference].citation}")


def _cell(cell: Any) -> str:
    """One cell of a comparison: additions underlined, removals struck through, identical wordings dimmed."""
    number = escape(f"{cell.part.number} ").lstrip()
    if cell.identical:
        return f"[dim]{number}{escape(cell.part.text)}[/]"
    if not cell.spans:
        return number + escape(cell.part.text)
    style = {"same": "{}", "added": "[underline]{}[/]", "removed": "[strike dim]{}[/]"}
    return number + "".join(style[span.op].format(escape(span.text)) for span in cell.spans)


@app.command("eval")
def evaluate(
    gold: Annotated[Path, typer.Argument(help="A gold folder: laws.json, topics.tsv, gold.jsonl.")],
    corpus: Annotated[Path, typer.Option(help="The folder that laws.json's files lie below.")],
    out_file: Annotated[Path | None, typer.Option("--out", help="Where to write the run (JSON lines).")] = None,
    as_json: Json = False,
) -> None:
    """Measure accuracy: parse and index the laws a gold table names, answer its questions, print the scores."""
    import tempfile

    from ingest.parsing import parse as read
    from lawsearch.evaluation import Gold, answer, score
    from lawsearch.instrument import Instrument
    from lawsearch.store import Store

    table = Gold(gold)
    with tempfile.TemporaryDirectory(prefix="lawsearch-eval-") as folder, _steps() as step:
        given = load_settings()
        # Its own index, but the user's embeddings: nothing is embedded twice.
        settings = given.model_copy(update={"index_dir": Path(folder)})
        works = {code: f"/akn/{law.jurisdiction}/doc/{code.lower()}" for code, law in table.laws.items()}
        with Store(settings.store_path) as store:
            for done, (code, law) in enumerate(table.laws.items(), 1):
                facts = Instrument(id=works[code], jurisdiction=law.jurisdiction, short_title=code)
                found = read(corpus / law.file, instrument=facts, language=law.language)
                store.put(law.file + code, [e for e in found if e.language == law.language], "eval")
                step("reading", done, len(table.laws))
        searcher = _built(settings, given.embeddings_path, step)
        run = answer(table, searcher, works, step)
        searcher.generation.close()
    if out_file:
        out_file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in run), "utf-8")
    report = score(table, run)
    if as_json:
        _print(report)
        return
    shown = Table("questions", "n", "MRR", "P@1", "R@5", "AUROC of no counterpart")
    for name, row in report.items():
        measures = (f"{row[m]:.3f}" for m in ("mrr", "p1", "r5"))
        doubt = f"{row['abstention_auroc']:.3f}" if "abstention_auroc" in row else ""
        shown.add_row(name, f"{row['n']:.0f}", *measures, doubt)
    out.print(shown)


def _built(settings: Settings, embeddings: Path, step: Any) -> Any:
    """A searcher over a generation built from the settings' store with embeddings kept in ``embeddings``."""
    from lawsearch.embedding import load_models
    from lawsearch.generation import Generation
    from lawsearch.indexing import build
    from lawsearch.search import Searcher

    models = load_models(settings)
    build(settings, models, step, embeddings=embeddings)
    return Searcher(settings, Generation.current(settings.index_dir), models)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.")] = None,
) -> None:
    """Serve the pages and the HTTP API."""
    import socket

    import uvicorn

    from lawsearch.api import create_app

    given = {k: v for k, v in {"host": host, "port": port}.items() if v is not None}
    settings = load_settings(**given)
    listener = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise LawsearchError(
            f"{settings.host}:{settings.port} cannot be used: {error.strerror}", "Choose another with --port"
        ) from None
    address = f"http://{settings.host}:{listener.getsockname()[1]}/"

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            # The address is printed when it answers, not before.
            with err.status("loading the index and the models"):
                await super().startup(sockets)
            if self.started:
                out.print(f"lawsearch is at [bold]{address}[/]  (stop with Ctrl-C)")

    Server(uvicorn.Config(create_app(settings), log_level="warning")).run(sockets=[listener])


@app.command("settings")
def show_settings(
    markdown: Annotated[bool, typer.Option(help="As the table of docs/settings.md.")] = False,
) -> None:
    """List every setting, what it does and its value."""
    settings = load_settings()
    if markdown:
        print("| setting | environment | default | what it does |\n| --- | --- | --- | --- |")
        for name, field in Settings.model_fields.items():
            default = "the user's cache" if name == "cache_dir" else json.dumps(field.default, default=str)
            print(f"| `{name}` | `LAWSEARCH_{name.upper()}` | `{default}` | {field.description} |")
        return
    table = Table("setting", "value", "what it does")
    for name, field in Settings.model_fields.items():
        table.add_row(name, escape(str(getattr(settings, name))), escape(field.description or ""))
    out.print(table)


def _print(value: object) -> None:
    # Plain print: rich would wrap and style what another program is to read.
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def _show_answers(answers: Answers, as_json: bool) -> None:
    if as_json:
        _print(asdict(answers))
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
                f"{hit.score:.2f}",
                escape(hit.provision.citation) + f"\n[dim]{hit.provision.id}[/]",
                f"[bold]{escape(hit.provision.heading)}[/]\n{escape(text)}".strip(),
                f"{hit.instrument.force}\n[dim]{spoken.name if spoken else ''}[/]",
                why,
            )
    out.print(table)
    out.print(f"[dim]{answers.took_ms:.0f} ms · index {answers.generation}[/]")


if __name__ == "__main__":
    main()
