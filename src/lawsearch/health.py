"""Health: the records of runs as they leave through the HTTP edge, and whether the index is kept as new as it should
be."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from pydantic import BaseModel, Field

from lawsearch import run
from lawsearch.errors import StaleError
from lawsearch.metrics import since
from lawsearch.run import Run
from lawsearch.service import View
from lawsearch.settings import Settings

#: Runs that are listed unless asked for another number.
LISTED = 14
_TIME = "2026-11-23T02:15:00.000+00:00"


class PhaseOut(BaseModel):
    name: str = Field(description="Its name.", examples=["reading"])
    seconds: float = Field(description="What it took.", examples=[12.5])


class FileOut(BaseModel):
    """A document of which a run has something to say."""

    file: str = Field(description="Its name.", examples=["pdpa.pdf"])
    state: str = Field(
        description="added, changed, failed, gone (kept though its file is gone), removed, not fetched or held.",
        examples=["changed"],
    )  # fmt: skip
    reason: str = Field(description="Why, or empty.", examples=[""])
    instrument: str = Field(description="Id of its instrument, or empty.", examples=["/akn/sg/act/2012/26"])


class RunOut(BaseModel):
    """One run, nightly or of `lawsearch ingest`."""

    started: str = Field(description="When, UTC.", examples=[_TIME])
    finished: str = Field(description="When it ended, UTC; empty: it has not, or was killed.", examples=[_TIME])
    result: str = Field(
        description="running, ok or failed.", examples=["ok"],
        json_schema_extra={"enum": [run.RUNNING, run.OK, run.FAILED]},
    )  # fmt: skip
    reason: str = Field(description="Why it failed, and what to do.", examples=[""])
    phases: list[PhaseOut] = Field(description="What it did, in order.")
    documents: list[FileOut] = Field(description="What became of documents; those without news are left out.")
    unchanged: int = Field(description="Documents that were as before.", examples=[120])
    before: str = Field(description="The index that was served when it began.", examples=["20261122T021500"])
    after: str = Field(description="The one that was served when it ended.", examples=["20261123T021500"])
    warnings: list[str] = Field(description="What went wrong without failing it.", examples=[[]])
    by_hand: bool = Field(description="Whether it was `lawsearch ingest`, which reads what it is told to.")

    @classmethod
    def of(cls, one: Run, settings: Settings) -> RunOut:
        """The folders of the server are left out: the record has them."""
        said = partial(run.placeless, folders=settings.folders)
        files = [
            FileOut(file=Path(d.path).name, state=d.state, instrument=d.instrument, reason=said(d.said))
            for d in one.documents
        ]  # fmt: skip
        return cls(
            started=one.started, finished=one.finished, result=one.result, reason=said(one.reason),
            phases=[PhaseOut(name=p.name, seconds=p.seconds) for p in one.phases], unchanged=one.unchanged,
            before=one.before, after=one.after, documents=files, warnings=list(map(said, one.warnings)),
            by_hand=one.by_hand,
        )  # fmt: skip


class RunList(BaseModel):
    runs: list[RunOut] = Field(description="Newest first.")


class Health(BaseModel):
    status: str = Field(description="ok", examples=["ok"])
    generation: str = Field(description="The index being served.", examples=["2026-11-23T120000Z"])
    last_good_run: str | None = Field(
        description="When the last good night ended, UTC; null: none is known here.", examples=[_TIME]
    )
    last_run: str = Field(
        description="What came of the last night.", examples=["ok"],
        json_schema_extra={"enum": [run.RUNNING, run.OK, run.FAILED, "unknown"]},
    )  # fmt: skip


def listed(settings: Settings, limit: int = LISTED) -> list[RunOut]:
    """The last runs, newest first."""
    return [RunOut.of(one, settings) for one, _ in zip(run.runs(settings.index_dir), range(limit), strict=False)]


def health(view: View, settings: Settings) -> Health:
    """What is served, and how the last runs went.

    Raises StaleError where the last good run ended longer ago than ``healthy_hours``; where none is known, the index
    being served was built longer ago.
    """
    newest, good = next(run.nights(settings.index_dir), None), run.last_good(settings.index_dir)
    last = newest.result if newest else "unknown"
    moment = good.finished if good else str(view.searcher.generation.manifest.get("built", ""))
    if settings.healthy_hours and moment and (hours := since(moment) / 3600) > settings.healthy_hours:
        what = "the last good run ended" if good else "no good run is known, and the index was built"
        why = run.placeless(newest.reason, settings.folders) if newest else ""
        said = f", the last one {last}" + (f" ({why})" if why else "")
        raise StaleError(
            f"{what} {hours:.1f} hours ago, {settings.healthy_hours:g} are allowed{said}",
            "Searches are answered as before; look at the log of lawsearch nightly",
        )
    return Health(status="ok", generation=view.name, last_good_run=good.finished if good else None, last_run=last)
