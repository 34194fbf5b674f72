"""The upkeep of an index: the nightly run, the way back, verification, and what is to be taken out."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from lawsearch import orders
from lawsearch.catalogue import load
from lawsearch.console import Json, app, err, out, print_json, steps
from lawsearch.drafting import view_of
from lawsearch.errors import LawsearchError, NotFoundError, SettingsError
from lawsearch.following import plain, told
from lawsearch.lock import alone
from lawsearch.logs import configure
from lawsearch.operating import _book, _fetcher
from lawsearch.run import FAILED, Run
from lawsearch.settings import Settings, load_settings
from lawsearch.store import Store

if TYPE_CHECKING:
    from lawsearch.changes import ReportOut

Accepted = Annotated[
    list[str] | None, typer.Option(help="An instrument that may lose provisions tonight (repeatable): /akn/sg/act/…")
]


@app.command()
def nightly(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    accept: Accepted = None,
    as_json: Json = False,
) -> None:
    """Fetch and read what is new or changed, build the next index beside the current one, check it and switch to it.

    Any failure keeps the current index and exits with 1. Documents that cannot be read are reported and stop nothing.
    """
    settings = load_settings()
    configure(settings)
    watched = (*settings.watched_dirs, *([settings.fetch_dir] if settings.fetch_dir else []))
    if not watched:
        raise SettingsError("no folder is watched", 'Set watched_dirs = ["/srv/laws"] in lawsearch.toml')
    if dry_run:
        _foretell(settings, watched)
        return
    with alone(settings.index_dir, "nightly"), steps() as step:
        run = _night(settings, watched, accept or [], step)
    report = reported(settings, run)
    if as_json:
        print_json({**asdict(run), "report": report and report.model_dump()})
    else:
        for line in _lines(run):
            (err if line.startswith(("failed: ", "warning: ")) else out).print(line, markup=False, soft_wrap=True)
        for line in told(report) if report else ():
            out.print(line, soft_wrap=True)
    if run.result == FAILED:
        raise typer.Exit(1)


def _night(settings: Settings, watched: tuple[Path, ...], accept: Sequence[str], step: Any) -> Run:
    from ingest.limits import Limits
    from ingest.nightly import Plan, night
    from ingest.pipeline import ingest
    from lawsearch.generation import current_name

    catalogue = load(settings.catalogue_dir)

    def read(store: Store) -> Any:
        def progress(_outcome: Any, done: int, total: int) -> None:
            step("reading", done, total)

        return ingest(
            watched, store, catalogue, progress, cache=settings.cache_dir, corrections=_book(settings), allowed=Limits()
        )

    def fetch() -> Any:
        assert settings.fetch_dir
        return _fetcher(settings, settings.fetch_dir).fetch(catalogue.entries)

    plan = Plan(
        index_dir=settings.index_dir,
        store_path=settings.store_path,
        watched=watched,
        serving=lambda: current_name(settings.index_dir) or "",
        fetch=fetch if settings.fetch_dir else None,
        read=read,
        remove=(lambda store, path: _taken_out(settings, store, path)) if settings.remove_gone else None,
        build=lambda enter: _built(settings, accept, enter, step),
        after=followers(settings),
    )
    return night(plan)


def followers(settings: Settings) -> list[Callable[[Run], None]]:
    """Who is told of every run that has ended, well or not; what goes wrong with it is a warning in its record."""

    from lawsearch.delivery import deliver
    from lawsearch.health import RunOut

    def send(run: Run) -> None:
        if not (run.switched or run.documents or run.warnings or run.result == FAILED):
            return  # every night a mail that says nothing would soon be read by nobody
        report = reported(settings, run)
        text = "\n".join([*_lines(run), *map(plain, told(report) if report else ())]) + "\n"
        data = {"run": RunOut.of(run, settings).model_dump(), "report": report and report.model_dump()}
        if lost := [one for one in deliver(subject(run, report), text, data, settings) if not one.ok]:
            raise LawsearchError("; ".join(f"{one.channel}: {one.reason}" for one in lost))

    return [send] if settings.webhook_url.get_secret_value() or settings.smtp_host else []


def reported(settings: Settings, run: Run) -> ReportOut | None:
    """What a run changed in what is served; None where it did not switch."""
    from lawsearch import changes
    from lawsearch.desk import Desk

    if not run.switched:
        return None
    return changes.report(view_of(settings), Desk(settings.desk_path), generation=run.after)


def subject(run: Run, report: ReportOut | None) -> str:
    """A run in a line."""
    if run.result == FAILED:
        return f"lawsearch: the run failed: {run.reason}"
    said = ["the first index is built"] if report and not report.known else []
    if report and (s := report.summary):
        counts = (
            ("instruments new", len(s.new)), ("instruments gone", len(s.gone)), ("provisions changed", s.changed),
            ("provisions moved", s.moved), ("provisions new", s.added), ("provisions gone", s.removed),
            ("decisions to look at again", len(report.suspect)),
        )  # fmt: skip
        said = [f"{what}: {n}" for what, n in counts if n]
    if unread := sum(d.state.endswith(("failed", "fetched")) for d in run.documents):
        said.append(f"documents not read: {unread}")
    return f"lawsearch: {', '.join(said) or 'no text changed'}"


def _lines(run: Run) -> Iterator[str]:
    """A run in words, without what it changed."""
    for one in run.documents:
        yield f"{one.state:11} {one.path}  {one.instrument}  {one.reason}".rstrip()
    for warning in run.warnings:
        yield f"warning: {warning}"
    counts = {state: sum(d.state == state for d in run.documents) for state in {d.state: None for d in run.documents}}
    yield ", ".join([*(f"{n} {state}" for state, n in counts.items()), f"{run.unchanged} unchanged"])
    yield f"seconds: {', '.join(f'{p.name} {p.seconds:.1f}' for p in run.phases)}"
    if run.result == FAILED:
        yield f"failed: {run.reason}"
    yield f"index {run.after or 'none'} is current" + ("" if run.switched else ", as before")


def _built(settings: Settings, accept: Sequence[str], enter: Callable[[str], None], step: Any) -> str:
    from lawsearch.embedding import load_models
    from lawsearch.indexing import build, up_to_date
    from lawsearch.verification import gate

    current = up_to_date(settings)
    if current:
        return current
    enter("loading the models")
    models = load_models(settings)

    def progress(what: str, done: int, total: int) -> None:
        enter(what)
        step(what, done, total)

    return build(settings, models, progress, check=gate(settings, models, accept))


def _foretell(settings: Settings, watched: tuple[Path, ...]) -> None:
    """Say what a run would do; nothing is written, no server is asked."""
    from ingest.nightly import gone, waiting

    catalogue = load(settings.catalogue_dir)
    if settings.fetch_dir:
        for entry in catalogue.entries:
            if entry.instrument.address:
                out.print(escape(f"ask      {entry.instrument.address}  {entry.instrument.id}"))
    with _looked_at(settings.store_path) as store:
        files, unchanged = waiting(watched, store, catalogue, _book(settings))
        for path in files:
            out.print(escape(f"read     {path}"))
        for one in gone(watched, store) if store else ():
            out.print(escape(f"{'remove' if settings.remove_gone else 'gone':8} {one.path}  {one.instrument}"))
        texts = _unembedded(settings, store) if store else 0
    for folder in watched:
        if not folder.is_dir() and folder != settings.fetch_dir:
            err.print(f"[bold red]not there:[/] {escape(str(folder))}")
    out.print(f"{len(files)} to read, {unchanged} unchanged, {texts} stored provisions not yet in the index")


@contextlib.contextmanager
def _looked_at(path: Path) -> Iterator[Store | None]:
    """The store, to be read only; None where there is none. What a killed run left unfinished is finished first."""
    if not path.exists():
        yield None
        return
    journal = path.with_name(path.name + "-wal")
    left = journal.exists() and journal.stat().st_size > 0
    with Store(path, read_only=not left) as store:
        yield store


def _unembedded(settings: Settings, store: Store) -> int:
    """How many units of the store are not in the current index with the same text."""
    from lawsearch.generation import current_name, generations_dir

    known: set[str] = set()
    served = generations_dir(settings.index_dir) / str(current_name(settings.index_dir)) / "store.db"
    with contextlib.suppress(NotFoundError, sqlite3.Error), Store(served, read_only=True) as before:
        known = set(before.digests().values())
    return sum(digest not in known for digest in store.digests().values())


@app.command()
def remove(paths: Annotated[list[Path], typer.Argument(help="Files that were read, there or not.")]) -> None:
    """Take what was read from files out of the store; the next index is made without it."""
    settings = load_settings()
    with alone(settings.index_dir, "remove"), Store(settings.store_path) as store:
        for path in paths:
            for instrument in _taken_out(settings, store, str(path.absolute())):
                out.print(escape(f"removed {instrument}"))
    out.print("The index is as it was until the next: lawsearch nightly, or: lawsearch index")


def _taken_out(settings: Settings, store: Store, path: str) -> list[str]:
    """Remove what came from a file, on purpose. Returns the instruments. Raises NotFoundError where nothing did."""
    found = sorted({entry.instrument.id for entry in store.entries() if entry.source.path == path})
    if not found:
        raise NotFoundError(f"nothing was read from {path}", "Give the path as lawsearch nightly reports it")
    # First the order: an instrument that is missed for no reason would stop the next run.
    orders.save(settings.index_dir, orders.load(settings.index_dir).accepting(found))
    store.remove(path)
    return found


@app.command()
def rollback(name: Annotated[str, typer.Argument(help="A generation; the one before the current one.")] = "") -> None:
    """Serve an earlier index again. It stays until there is new input, or until: lawsearch index --force."""
    from lawsearch.milvus import engine
    from lawsearch.verification import roll_back

    settings = load_settings()
    with alone(settings.index_dir, "rollback"):
        out.print(f"index {roll_back(settings.index_dir, name, engine(settings.index))} is current")


@app.command()
def verify(repair: Annotated[bool, typer.Option("--repair", help="Put right what can be.")] = False) -> None:
    """Check the store, every index, and the cache of embeddings: checksums, texts, vectors, words, links, manifest."""
    from lawsearch import verification

    settings = load_settings()
    with alone(settings.index_dir, "verify"):
        verdict = verification.verify(settings)
        for found in verdict.findings:
            err.print(f"[bold red]damaged:[/] {escape(str(found))}")
        if not verdict.findings:
            out.print(f"the store and {len(verdict.generations)} generations are sound")
            return
        if not repair:
            err.print("Put it right: lawsearch verify --repair")
            raise typer.Exit(1)
        with steps() as step:
            verification.repair(
                settings, verdict, lambda: _rebuilt(settings, step), lambda text: out.print(escape(text))
            )
        if left := verification.verify(settings).findings:
            for found in left:
                err.print(f"[bold red]still:[/] {escape(str(found))}")
            raise typer.Exit(1)
        out.print("all is sound now")


def _rebuilt(settings: Settings, step: Any) -> str:
    from lawsearch.embedding import load_models
    from lawsearch.indexing import build

    return build(settings, load_models(settings), step, force=True)
