"""Commands of who follows the law: the history of a provision, and what changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.text import Text

from lawsearch.console import Json, app, out, print_json
from lawsearch.drafting import view_of
from lawsearch.errors import QueryError
from lawsearch.settings import load_settings

#: Marks that stay in a log and in a mail, too.
_STYLE = {"same": "{}", "added": "[underline]{{+{}+}}[/]", "removed": r"[dim]\[-{}-][/]"}
_KINDS = {"added": "new", "changed": "changed", "moved": "moved", "removed": "gone"}


@app.command("history")
def history(
    identifier: Annotated[str, typer.Argument(help="Id that a provision has or had: /akn/sg/act/2012/26/~sec_26D")],
    as_json: Json = False,
) -> None:
    """Show every wording that a provision has had here, with the words that differ."""
    from lawsearch import changes

    found = changes.past(view_of(load_settings()), identifier)
    if as_json:
        print_json(found.model_dump())
        return
    for v in found.versions:
        until = v.until[:16] or "now"
        said = f"{v.change}{' (the same file, read otherwise)' if v.same_file and v.change != 'added' else ''}"
        out.print(f"[bold]{v.since[:16]} – {until}[/]  {escape(v.citation)}  {said}")
        out.print(f"[dim]{v.id}[/]")
        out.print(_marked(changes.shortened(v.spans)) or escape(f"{v.heading}\n{v.text}".strip()))
        out.print()
    for n in found.namesakes:
        out.print(
            f"{n.since[:16]} – {n.until[:16]} another provision had this id: {escape(n.heading)}, now {n.now or 'gone'}"
        )
    out.print(f"[dim]{found.note}[/]")


@app.command("changes")
def changed(
    generation: Annotated[str, typer.Option(help="A generation that is kept; else the one being served.")] = "",
    since: Annotated[str, typer.Option(help="Instead: all that was seen from this day on (2026-11-01).")] = "",
    limit: Annotated[int, typer.Option(min=1, help="Most provisions that are shown.")] = 200,
    as_json: Json = False,
) -> None:
    """Show what the last index changed: instruments, provisions, counterparts, failures, decisions to look at again."""
    from lawsearch import changes
    from lawsearch.desk import Desk

    try:
        day = datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=UTC).date() if since else None
    except ValueError:
        raise QueryError(f"since: {since!r} is no day", "Write it as 2026-11-01") from None
    settings = load_settings()
    found = changes.report(view_of(settings), Desk(settings.desk_path), generation=generation, since=day, limit=limit)
    if as_json:
        print_json(found.model_dump())
    else:
        for line in told(found):
            out.print(line)


def told(found: Any) -> Iterable[str]:
    """A report as lines of marked-up text."""
    from lawsearch.changes import brief, shortened

    if not found.known:
        yield "nothing to compare with: this index was the first, or the one before it kept no history"
        return
    s = found.summary
    what = f"index {found.generation} of {found.built[:16]}, against that" if found.generation else "what was seen here"
    yield f"[bold]{what} {'of' if found.generation else 'since'} {found.since[:16]}[/]"
    yield (
        f"instruments: {len(s.new)} new, {len(s.gone)} gone; provisions: {s.added} new, {s.changed} changed, "
        f"{s.moved} moved, {s.removed} gone; files not read: {s.failed}"
    )
    for f in found.failed:
        yield f"[bold red]not read:[/] {escape(f'{f.file}: {f.reason}')}"
    for t in found.texts:
        facts = "; ".join(f"{f.name} was {brief(f.was) or 'unknown'}, is {brief(f.now) or 'unknown'}" for f in t.facts)
        said = facts or f"{_KINDS[t.kind]}, {t.units} provisions"
        yield f"{t.instrument.id} ({t.language}) {escape(t.instrument.name)}: {escape(said)}"
    for c in found.provisions:
        was = f", was {c.was}" if c.was else ""
        same = " (the same file, read otherwise)" if c.same_file else ""
        yield f"[bold]{_KINDS[c.kind]}[/] {escape(c.provision.citation)} [dim]{c.provision.id}{was}[/]{same}"
        if c.spans:
            yield "  " + _marked(shortened(c.spans)).replace("\n", "\n  ")
    if found.more:
        yield f"and {found.more} more provisions (--limit)"
    for key, group in groupby(found.links, key=lambda link: (link.citation, link.appeared)):
        others = ", ".join(link.other_citation for link in group)
        yield escape(f"{key[0]} has {'gained' if key[1] else 'lost'} as counterparts: {others}")
    for d in found.suspect:
        pair = escape(f"{d.citation} – {d.other_citation or 'none'}")
        why = escape(f"({d.verdict} by {d.name}): {'; '.join(d.says)}")
        yield f"[yellow]to be looked at again:[/] {pair} {why}"
    yield f"[dim]{found.note}[/]"


def plain(line: str) -> str:
    """A line of marked-up text as it is read."""
    return Text.from_markup(line).plain


def _marked(found: Iterable[Any]) -> str:
    return "".join(_STYLE[s.op].format(escape(s.text)) for s in found)
