"""The operator's commands: ingest, index, parse, the catalogue and the topics, measuring, serving, settings."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from lawsearch.console import Json, app, bar, err, out, print_json, steps
from lawsearch.errors import LawsearchError, QueryError
from lawsearch.instrument import KINDS, STATUSES, SUBJECTS
from lawsearch.lock import taking_turns
from lawsearch.logs import configure
from lawsearch.settings import IndexSettings, Settings, load_settings
from lawsearch.vocabulary import jurisdictions

Seconds = Annotated[
    float, typer.Option(min=1, help="Seconds that one document may take; 20 more for each of its pages.")
]
Ray = Annotated[
    str, typer.Option("--ray", metavar="ADDRESS", help="Work on the nodes of this Ray cluster: HOST:PORT, or auto.")
]
Memory = Annotated[int, typer.Option(min=64, help="Memory that one document may take, in MiB (on Linux).")]


def _book(settings: Settings) -> Any:
    """What persons have put right, from the folder of the catalogue."""
    from ingest.correction import load

    return load(settings.catalogue_dir / "corrections")


def _fetcher(settings: Settings, folder: Path) -> Any:
    """What fetches texts into a folder, with the manners of the settings."""
    from ingest.fetching import Fetcher, Manners

    manners = Manners(contact=settings.fetch_contact, private=settings.fetch_private, ca_file=settings.ca_file)
    return Fetcher(folder, manners)


@app.command()
@taking_turns("ingest")
def ingest(
    paths: Annotated[list[Path], typer.Argument(help="PDF files, or folders of them.")],
    index_too: Annotated[bool, typer.Option("--index/--no-index", help="Build the index afterwards.")] = True,
    seconds: Seconds = 300,
    memory: Memory = 4096,
    ray: Ray = "",
) -> None:
    """Read laws from PDFs into the store and index them. Files that did not change are skipped."""
    from ingest.limits import Limits
    from ingest.nightly import by_hand
    from ingest.pipeline import ADDED, CHANGED, FAILED, UNCHANGED
    from ingest.pipeline import ingest as run
    from lawsearch.catalogue import load
    from lawsearch.generation import current_name
    from lawsearch.nodes import connected
    from lawsearch.store import Store

    settings = load_settings()
    configure(settings)
    with by_hand(settings.index_dir, lambda: current_name(settings.index_dir) or "") as outcomes:
        with connected(ray) as nodes, Store(settings.store_path) as store, bar() as drawn:
            task = drawn.add_task("reading", total=None)

            def progress(outcome: Any, done: int, total: int) -> None:
                drawn.update(task, completed=done, total=total, description=f"reading {outcome.path.name}")

            outcomes += run(
                paths, store, load(settings.catalogue_dir), progress, cache=settings.cache_dir,
                corrections=_book(settings), allowed=Limits(seconds, memory=memory), nodes=nodes,
            )  # fmt: skip
        _show_outcomes(outcomes)
        counts = {state: sum(o.state == state for o in outcomes) for state in (ADDED, CHANGED, UNCHANGED, FAILED)}
        out.print(", ".join(f"{n} {state}" for state, n in counts.items()))
        if index_too and counts[FAILED] < len(outcomes):
            from lawsearch.indexing import up_to_date

            current = up_to_date(settings) if not counts[ADDED] and not counts[CHANGED] else None
            out.print(f"index {current} is current") if current else index(ray=ray)
    if not outcomes:
        err.print("[bold red]error:[/] no PDF there")
    if counts[FAILED] or not outcomes:
        raise typer.Exit(1)


def _show_outcomes(outcomes: Sequence[Any]) -> None:
    """What was found in each document, which provisions of changed ones are new, changed or gone, and what failed."""
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
        for what in ("added", "changed", "moved", "gone"):
            for key in getattr(outcome.changes, what):
                out.print(f"  {what:8}{escape(key)}")
    for outcome in outcomes:
        if outcome.reason:
            err.print(f"[bold red]not read:[/] {escape(outcome.reason)}")


@app.command()
def index(force: Annotated[bool, typer.Option(help="Build even if nothing changed.")] = False, ray: Ray = "") -> None:
    """Build the next generation of the index from the store and switch to it."""
    from lawsearch.embedding import load_models
    from lawsearch.indexing import build
    from lawsearch.nodes import connected

    settings = load_settings()
    configure(settings)
    with err.status("loading the models (the first time they are unpacked)"):
        models = load_models(settings)
    with connected(ray) as nodes, steps() as step:
        name = build(settings, models, step, force=force, nodes=nodes)
    out.print(f"index {name} is current")


@app.command()
def parse(
    path: Annotated[Path, typer.Argument(help="One PDF.")],
    seconds: Seconds = 300,
    memory: Memory = 4096,
    as_json: Json = False,
) -> None:
    """Show what is found in one PDF, without storing it."""
    from ingest.limits import Limits
    from ingest.parsing import as_json as plain
    from ingest.pipeline import parsed
    from lawsearch.catalogue import load

    settings = load_settings()
    allowed = Limits(seconds, memory=memory)
    expressions = parsed(
        path, load(settings.catalogue_dir), allowed, cache=settings.cache_dir, corrections=_book(settings)
    )
    if as_json:
        print_json(plain(expressions))
        return
    for expression in expressions:
        i = expression.instrument
        out.print(f"[bold]{escape(i.title or i.native_title)}[/]  {i.id}  {i.jurisdiction}  {expression.language}")
        table = Table("page", "label", "heading", "characters", "flags")
        for p in expression.provisions:
            if p.is_unit:
                table.add_row(str(p.page), escape(p.label), escape(p.heading), str(len(p.text)), ", ".join(p.flags))
        out.print(table)
        print_json(expression.report)


@app.command()
def inspect(
    path: Annotated[Path, typer.Argument(help="One PDF.")],
    out_file: Annotated[
        Path | None, typer.Option("--out", help="The HTML file to write; a new one in the temporary folder.")
    ] = None,
    pages: Annotated[str, typer.Option(help="Only these pages: 3-7, or 1,4-5.")] = "",
    seconds: Seconds = 300,
    memory: Memory = 4096,
) -> None:
    """Draw the pages of one PDF with every line boxed and coloured by what it was taken for, as one HTML file."""
    import tempfile

    from ingest.inspection import inspected
    from ingest.limits import Limits
    from lawsearch.catalogue import load

    settings = load_settings()
    allowed = Limits(seconds, memory=memory)
    with err.status(f"reading {escape(path.name)}"):
        drawn = inspected(
            path,
            load(settings.catalogue_dir),
            allowed,
            corrections=_book(settings),
            pages=pages,
            cache=settings.cache_dir,
        )
    if out_file is None:
        handle, name = tempfile.mkstemp(prefix=f"lawsearch-{path.stem}-", suffix=".html")
        with open(handle, "w", encoding="utf-8") as file:
            file.write(drawn)
        out_file = Path(name)
    else:
        try:
            out_file.write_text(drawn, "utf-8")
        except OSError as error:
            raise LawsearchError(f"{out_file} cannot be written: {error.strerror}", "Choose another --out") from None
    out.print(str(out_file), soft_wrap=True, markup=False)


@app.command()
def catalogue(
    jurisdiction: Annotated[list[str] | None, typer.Option("--jurisdiction", "-j", help="Only this one.")] = None,
    subject: Annotated[list[str] | None, typer.Option("--subject", help="Only about this field of law.")] = None,
    kind: Annotated[list[str] | None, typer.Option("--kind", help="Only this kind of instrument.")] = None,
    status: Annotated[list[str] | None, typer.Option("--status", help="Only of this status.")] = None,
    missing: Annotated[bool, typer.Option(help="Only those whose text is not in the corpus.")] = False,
    validate: Annotated[bool, typer.Option(help="Only check the catalogue and the topics, and say how many.")] = False,
    markdown: Annotated[bool, typer.Option(help="As docs/coverage.md.")] = False,
    as_json: Json = False,
) -> None:
    """List the instruments that exist, what is known of them, and whether their texts are in the corpus."""
    from lawsearch import coverage as census
    from lawsearch import topic
    from lawsearch.catalogue import load
    from lawsearch.schemas import InstrumentOut
    from lawsearch.store import Store

    settings = load_settings()
    if not settings.catalogue_dir.is_dir():
        raise LawsearchError(f"{settings.catalogue_dir} is not a folder", "Set catalogue_dir, see docs/settings.md")
    known = load(settings.catalogue_dir)
    if validate:
        topics = topic.load(settings.topics_dir).topics
        _book(settings)
        out.print(f"{len(known.entries)} instruments and {len(topics)} topics, all well-formed")
        return
    present = {}
    if settings.store_path.is_file():
        with Store(settings.store_path) as store:
            present = store.instruments()
    wanted = (
        ("jurisdiction", jurisdiction, jurisdictions()), ("kind", kind, KINDS), ("status", status, STATUSES),
        ("subject", subject, SUBJECTS),
    )  # fmt: skip
    for name, values, allowed in wanted:
        for value in values or ():
            if value not in allowed:
                raise QueryError(f"{name} {value!r} is not known", f"Use one of: {', '.join(allowed)}")
    found = [
        c
        for c in census.coverage(known, present)
        if (not jurisdiction or c.instrument.jurisdiction in jurisdiction)
        and (not kind or c.instrument.kind in kind)
        and (not status or c.instrument.status in status)
        and (not subject or set(subject) & set(c.instrument.subjects))
        and (not missing or c.text == "no text")
    ]
    if markdown:
        print(census.markdown(found, known), end="")
    elif as_json:
        plain = [(c, InstrumentOut.of(c.instrument).model_dump()) for c in found]
        print_json([{**row, "text": c.text, "here": c.here, "listed": c.listed} for c, row in plain])
    else:
        table = Table("", "instrument", "kind", "force", "status", "about", "text here")
        for c in found:
            i = c.instrument
            name = f"{escape(i.title or i.name)}\n[dim]{i.id}[/]"
            here = c.text + (f" ({', '.join(c.languages)})" if c.languages else "")
            table.add_row(i.jurisdiction, name, i.kind, i.force, i.status, ", ".join(i.subjects), here)
        out.print(table)
        out.print(f"{len(found)} instruments")


@app.command()
def fetch(
    folder: Annotated[Path, typer.Argument(help="Where the PDFs go, each with its sidecar.")],
    jurisdiction: Annotated[list[str] | None, typer.Option("--jurisdiction", "-j", help="Only this one.")] = None,
    instrument: Annotated[list[str] | None, typer.Option("--instrument", help="Only this instrument id.")] = None,
) -> None:
    """Fetch the texts that the catalogue has official addresses of."""
    from ingest.fetching import FAILED
    from lawsearch.catalogue import load

    settings = load_settings()
    configure(settings)
    wanted = [
        e
        for e in load(settings.catalogue_dir).entries
        if (not jurisdiction or e.instrument.jurisdiction in jurisdiction)
        and (not instrument or e.instrument.id in instrument)
    ]

    def tell(one: Any) -> None:
        out.print(f"{one.state:9} {one.instrument} {escape(one.reason)}")

    found = _fetcher(settings, folder).fetch(wanted, tell)
    if not found:
        raise LawsearchError("nothing to fetch", "No instrument that you chose has an address in the catalogue")
    if any(one.state == FAILED for one in found):
        raise typer.Exit(1)


@app.command()
def topics(as_json: Json = False) -> None:
    """List the topics that provisions are assigned to, with their definitions."""
    from lawsearch import topic

    taxonomy = topic.load(load_settings().topics_dir)
    if as_json:
        print_json(taxonomy.as_json())
        return
    table = Table("id", "topic", "definition", show_lines=True)
    for area in taxonomy.fields.values():
        table.add_row(f"[bold]{area.id}[/]", f"[bold]{escape(area.label())}[/]", escape(area.definition))
        for one in taxonomy.of(area.id):
            table.add_row(one.id, escape(one.label()), escape(one.definition))
    out.print(table)


@app.command("eval")
def evaluate(
    gold: Annotated[Path, typer.Argument(help="A gold folder: laws.json, topics.tsv, gold.jsonl.")],
    corpus: Annotated[Path, typer.Option(help="The folder that laws.json's files lie below.")],
    out_file: Annotated[Path | None, typer.Option("--out", help="Where to write the run (JSON lines).")] = None,
    as_json: Json = False,
) -> None:
    """Measure accuracy: parse and index the laws a gold table names, answer its questions, print the scores."""
    from lawsearch.evaluation import Gold, answer, assigned, reliability, score

    table = Gold(gold)
    with indexed(table, corpus) as (searcher, works, step):
        run = answer(table, searcher, works, step)
        topics = assigned(table, searcher, works)
    if out_file:
        out_file.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in run), "utf-8")
    report, kept = score(table, run), reliability(table, run)
    if as_json:
        print_json({**report, "assignment": topics, "reliability": kept})
        return
    shown = Table("questions", "n", "MRR", "P@1", "R@5", "AUROC of no counterpart")
    for name, row in report.items():
        if ">" not in name:
            measures = (f"{row[m]:.3f}" for m in ("mrr", "p1", "r5"))
            doubt = f"{row['abstention_auroc']:.3f}" if "abstention_auroc" in row else ""
            shown.add_row(name, f"{row['n']:.0f}", *measures, doubt)
    out.print(shown)
    for what, codes in (("language", sorted({law.language for law in table.laws.values()})), ("law", table.laws)):
        if len(codes) > 1:
            out.print(_pairs(report, what, list(codes)))
    p, r, f1 = (topics[m] for m in ("precision", "recall", "f1"))
    out.print(f"assignment to topics: precision {p:.3f}, recall {r:.3f}, F1 {f1:.3f}")
    shown = Table("no counterpart", "estimate", "n", "mean estimate", "without one")
    for mode, bands in kept.items():
        for b in bands:
            shown.add_row(
                mode, f"{b['from']:.1f} to {b['to']:.1f}", f"{b['n']}", f"{b['said']:.2f}", f"{b['seen']:.2f}"
            )
    out.print(shown)


def _pairs(report: Mapping[str, Mapping[str, float]], what: str, codes: Sequence[str]) -> Table:
    """P@1 of provisions from each code (a row) to each, and the mean of the row over its questions."""
    shown = Table(f"P@1, from {what} to", *codes, "all")
    for code in codes:
        rows = {other: report.get(f"provision {code}>{other}") for other in codes}
        known = [row for row in rows.values() if row]
        if known:
            mean = sum(row["p1"] * row["n"] for row in known) / sum(row["n"] for row in known)
            shown.add_row(code, *(f"{row['p1']:.2f}" if row else "–" for row in rows.values()), f"{mean:.3f}")
    return shown


@contextmanager
def indexed(table: Any, corpus: Path) -> Iterator[tuple[Any, dict[str, str], Any]]:
    """The laws of a gold table parsed and indexed for as long as the context lasts: a searcher, the instrument of each
    law's code, and where progress is told. The table's topics are the taxonomy."""
    import tempfile

    from ingest.parsing import parse as read
    from lawsearch.evaluation import taxonomy_of
    from lawsearch.instrument import Instrument
    from lawsearch.store import Store

    with tempfile.TemporaryDirectory(prefix="lawsearch-eval-") as folder, steps() as step:
        given = load_settings()
        # Its own index, but the user's embeddings: nothing is embedded twice.
        settings = given.model_copy(update={"index_dir": Path(folder), "index": IndexSettings()})
        works = {code: f"/akn/{law.jurisdiction}/doc/{code.lower()}" for code, law in table.laws.items()}
        with Store(settings.store_path) as store:
            for done, (code, law) in enumerate(table.laws.items(), 1):
                facts = Instrument(id=works[code], jurisdiction=law.jurisdiction, short_title=code)
                found = read(corpus / law.file, instrument=facts, language=law.language)
                store.put(law.file + code, [e for e in found if e.language == law.language], "eval")
                step("reading", done, len(table.laws))
        searcher = _built(settings, given.embeddings_path, step, taxonomy_of(table))
        try:
            yield searcher, works, step
        finally:
            searcher.generation.close()


def _built(settings: Settings, embeddings: Path, step: Any, taxonomy: Any) -> Any:
    """A searcher over a generation built from the settings' store with embeddings kept in ``embeddings``."""
    from lawsearch.embedding import load_models
    from lawsearch.generation import Generation
    from lawsearch.indexing import build
    from lawsearch.search import Searcher

    models = load_models(settings)
    build(settings, models, step, embeddings=embeddings, taxonomy=taxonomy)
    return Searcher(settings, Generation.current(settings.index_dir), models)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.")] = None,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes that answer, over one index.")] = 1,
) -> None:
    """Serve the pages and the HTTP API."""
    import socket

    import uvicorn

    from ingest.picture import Painter
    from lawsearch.api import create_app
    from lawsearch.serving import Processes, configured

    given = {k: v for k, v in {"host": host, "port": port}.items() if v is not None}
    settings = load_settings(**given)
    configure(settings)
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
    if workers > 1:
        Processes(settings, listener, workers, address).run()
        return

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            # The address is printed when it answers, not before.
            with err.status("loading the index and the models"):
                await super().startup(sockets)
            if self.started:
                out.print(f"lawsearch is at [bold]{address}[/]  (stop with Ctrl-C)")

    painter = Painter()
    try:
        Server(configured(create_app(settings, picture=painter))).run(sockets=[listener])
    finally:
        painter.close()


@app.command()
def mcp(
    http: Annotated[bool, typer.Option("--http", help="Over HTTP, at /mcp beside the pages, as serve does.")] = False,
    site: Annotated[str, typer.Option(help="Where the pages are, for permalinks: https://laws.example.org")] = "",
) -> None:
    """Offer tools to an agent: search, counterparts, compare, provision, align; on standard input and output."""
    from lawsearch.agents import converse
    from lawsearch.service import Service

    if http:
        serve()
        return
    settings = load_settings()
    configure(settings)
    converse(Service(settings), site)


@app.command("api")
def show_api(
    markdown: Annotated[bool, typer.Option(help="As docs/api.md.")] = False,
) -> None:
    """Print the description of the HTTP API, as OpenAPI."""
    from lawsearch import handbook
    from lawsearch.api import create_app

    description = create_app(load_settings()).openapi()
    if markdown:
        print(handbook.markdown(description), end="")
    else:
        print_json(description)
