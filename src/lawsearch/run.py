"""Runs: what a night did, phase by phase, kept as one JSON file a run in ``index/runs``.

A record is written when the run begins and again at every phase, so that one that was killed says where it was.
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

log = logging.getLogger(__name__)
RUNNING, OK, FAILED = "running", "ok", "failed"
#: Records that are kept: more than a year of nights.
KEPT = 400
#: The folders of an absolute path, of this system or of Windows; not of an address, nor of an id of the law.
_FOLDERS = re.compile(r"""(?<![\w/\\.:])(?:[A-Za-z]:)?[/\\](?!akn/)(?:[^\s/\\:;,'"()]+[/\\])*(?=[^\s/\\])""")


@dataclass(frozen=True, slots=True)
class Phase:
    """A part of a run and the seconds that it took."""

    name: str
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Document:
    """What became of one document: ``state`` is added, changed, failed, gone (its file is no longer there) or removed;
    for one to be fetched, "fetched" stands before it."""

    path: str
    state: str
    reason: str = ""
    instrument: str = ""

    @property
    def said(self) -> str:
        """The reason without the folder that the file lies in: not everybody's business, and said already."""
        return self.reason.removeprefix(f"{self.path}: ").replace(self.path, Path(self.path).name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run. ``result`` is running, ok or failed, with the reason; times are ISO 8601 in UTC, ``finished`` empty
    where it never did. ``documents`` are those of which something is to be said; of the others ``unchanged`` is the
    number. ``before`` and ``after`` name the generations that were served; ``warnings`` what went wrong without
    failing it. ``by_hand`` says that it read only what somebody named, and so tells nothing of other documents, nor
    that the nights go on."""

    started: str
    finished: str = ""
    result: str = RUNNING
    reason: str = ""
    phases: tuple[Phase, ...] = ()
    documents: tuple[Document, ...] = ()
    unchanged: int = 0
    before: str = ""
    after: str = ""
    warnings: tuple[str, ...] = ()
    by_hand: bool = False

    @property
    def switched(self) -> bool:
        """Whether another generation is served since."""
        return self.after not in ("", self.before)


def placeless(text: str, folders: Iterable[Path] = ()) -> str:
    """A text with every path of the server as its last name only. Where a path ends, is told by its first space, but
    for what lies in one of the known ``folders``."""
    for folder in map(Path.absolute, folders):
        text = text.replace(f"{folder}{os.sep}", "").replace(str(folder), folder.name)
    return _FOLDERS.sub("", text)


def save(index_dir: Path, run: Run) -> None:
    """Keep the record of a run, whole or as it was before. Raises OSError."""
    folder = index_dir / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run.started.replace(':', '').replace('+0000', 'Z')}.json"
    pending = path.with_suffix(".pending")
    pending.write_text(json.dumps(asdict(run), ensure_ascii=False, indent=1) + "\n", "utf-8")
    os.replace(pending, path)
    for old in sorted(folder.glob("*.json"))[:-KEPT]:
        old.unlink(missing_ok=True)


def runs(index_dir: Path) -> Iterator[Run]:
    """The runs that are kept, the newest first; a record that cannot be read is named in the log and left out."""
    for path in sorted((index_dir / "runs").glob("*.json"), reverse=True):
        try:
            value = json.loads(path.read_text("utf-8"))
            value["phases"] = tuple(Phase(**p) for p in value["phases"])
            value["documents"] = tuple(Document(**d) for d in value["documents"])
            run = Run(**{**value, "warnings": tuple(value["warnings"])})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s is no record of a run: %s", path, error)
            continue
        yield run


def nights(index_dir: Path) -> Iterator[Run]:
    """The runs that are kept but those by hand, the newest first."""
    return (run for run in runs(index_dir) if not run.by_hand)


def last_good(index_dir: Path) -> Run | None:
    """The newest night that ended well, or None."""
    return next((run for run in nights(index_dir) if run.result == OK), None)


def unread(index_dir: Path) -> dict[str, list[Document]]:
    """The documents that could not be read when they were read last, in the newest night which ended or by hand since,
    by the jurisdiction of the instrument that each is known to be of; what nobody knows the instrument of is under
    ``unknown``."""
    found: dict[str, list[Document]] = {}
    told: set[str] = set()
    for run in runs(index_dir):
        if not run.finished:
            continue
        for one in run.documents:
            if one.state == FAILED and one.path not in told:
                found.setdefault((one.instrument or "/akn/unknown").split("/")[2], []).append(one)
        told.update(one.path for one in run.documents)
        if not run.by_hand:
            break
    return found


def settle(index_dir: Path) -> list[Run]:
    """Mark as failed the runs that were killed; to be called by the only run there is. Returns them."""
    killed = []
    for run in runs(index_dir):
        if run.result == RUNNING:
            where = run.phases[-1].name if run.phases else "its beginning"
            killed.append(replace(run, result=FAILED, reason=f"it was ended from outside in the phase {where!r}"))
            save(index_dir, killed[-1])
    return killed
