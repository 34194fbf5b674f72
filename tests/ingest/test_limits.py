"""Documents that loop, swell or crash the parser cost their own process and say what limit they met."""

from __future__ import annotations

import os
import signal
import sys
import time
import zlib
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest
from pages import pdf, typed

from ingest import pipeline
from ingest.inspection import inspected
from ingest.limits import Failure, Job, Limits, attempts
from ingest.parsing import parse
from ingest.pipeline import ADDED, FAILED, ingest, parsed
from lawsearch.errors import LawsearchError
from lawsearch.store import Store

LAMPS = """
LAMPS ACT 2041
**Short title**
1. This Act is the Lamps Act 2041.
**Duty**
2. A keeper must light every lamp at dusk.
**Penalty**
3. A keeper who fails to do so pays 900 dollars.
"""


def document(path: Path) -> Path:
    path.write_bytes(pdf(typed(LAMPS)))
    return path


def framed(*objects: bytes) -> bytes:
    """A PDF of numbered objects, the first of which is its catalogue."""
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (i, o) for i, o in enumerate(objects, start=1))
    return b"%PDF-1.4\n" + body + b"trailer\n<< /Size %d /Root 1 0 R >>\n%%%%EOF\n" % (len(objects) + 1)


def bomb(path: Path) -> Path:
    """A page whose contents swell from a few kilobytes to almost two gigabytes."""
    press = zlib.compressobj(1)
    block = bytes(1 << 20)
    small = b"".join(press.compress(block) for _ in range(300)) + press.flush()
    twice = zlib.compress(small, 9)
    content = (
        b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n%s\nendstream" % (len(twice), twice)
    )  # fmt: skip
    page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents [" + b"4 0 R " * 6 + b"] >>"
    tree = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    path.write_bytes(framed(b"<< /Type /Catalog /Pages 2 0 R >>", tree, page, content))
    return path


def nested(path: Path) -> Path:
    """A page whose resources are arrays in arrays, a hundred thousand deep."""
    page = (
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources " + b"[" * 100_000 + b"]" * 100_000 + b" >>"
    )
    tree = b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>"
    path.write_bytes(framed(b"<< /Type /Catalog /Pages 2 0 R >>", tree, page))
    return path


def loops(seconds: float) -> str:
    time.sleep(seconds)
    return "done"


def dies(number: int) -> str:
    os.kill(os.getpid(), number)
    return "survived"


def swells(size: int) -> int:
    return len(bytearray(size))


def stumbles() -> None:
    raise ZeroDivisionError("of all things")


def test_what_loops_crashes_or_stumbles_costs_its_own_document(tmp_path: Path) -> None:
    files = {name: document(tmp_path / f"{name}.pdf") for name in ("a", "loop", "b", "crash", "c", "stumble", "d")}
    work = {"loop": partial(loops, 60), "crash": partial(dies, signal.SIGABRT), "stumble": stumbles}
    jobs = [Job(path, work.get(name, partial(parse, path))) for name, path in files.items()]
    found = dict(zip(files, attempts(jobs, 2, Limits(seconds=5, seconds_a_page=1)), strict=True))
    for name in "abcd":
        assert [len(e.provisions) for e in found[name]] == [4], name
    loop, crash, stumble = (found[name] for name in work)
    assert isinstance(loop, Failure)
    assert loop.problem == f"{files['loop']}: takes longer than the 6 seconds that it may"
    assert "--seconds" in loop.remedy
    assert isinstance(crash, Failure)
    assert crash.problem.startswith(f"{files['crash']}: ends the process that reads it (")
    assert "4096 MiB" in crash.problem
    assert isinstance(stumble, Failure)
    assert "ZeroDivisionError: of all things" in stumble.problem


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")
def test_what_swells_is_stopped_and_named(tmp_path: Path) -> None:
    lamps, hostile, deep = document(tmp_path / "lamps.pdf"), bomb(tmp_path / "bomb.pdf"), nested(tmp_path / "deep.pdf")
    assert hostile.stat().st_size < 20_000
    allowed = Limits(seconds=20, seconds_a_page=0, memory=300)
    jobs = [Job(lamps, swells, (2 << 30,)), *(Job(p, partial(parse, p)) for p in (hostile, deep, lamps))]
    swollen, burst, refused, found = attempts(jobs, 2, allowed)
    assert isinstance(swollen, Failure)
    assert swollen.problem == f"{lamps}: needs more than the 300 MiB of memory that a document may take"
    assert isinstance(burst, Failure)
    assert burst.problem.startswith(f"{hostile}: ")
    assert "300 MiB of memory" in burst.problem
    assert isinstance(refused, Failure)
    assert "deep.pdf" in refused.problem
    assert len(found[0].provisions) == 4


def test_the_run_goes_on_after_a_document_that_kills_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("boats", "crash", "lamps"):
        document(tmp_path / f"{name}.pdf")
    monkeypatch.setattr(pipeline, "_attempt", crashing)
    with Store(tmp_path / "store.db") as store:
        outcomes = ingest([tmp_path], store, None, workers=2)
    assert {o.path.name: o.state for o in outcomes} == {"boats.pdf": ADDED, "crash.pdf": FAILED, "lamps.pdf": ADDED}
    assert "crash.pdf: ends the process that reads it" in outcomes[1].reason
    assert "320 seconds" in outcomes[1].reason


def crashing(path: Path, *_rest: object) -> object:
    if path.name == "crash.pdf":
        os.kill(os.getpid(), signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    return parse(path)


def test_one_file_is_read_and_drawn_under_the_same_limits(tmp_path: Path) -> None:
    lamps = document(tmp_path / "lamps.pdf")
    (expression,) = parsed(lamps, None, Limits(seconds=30))
    assert expression == parse(lamps)[0]
    assert "<svg" in inspected(lamps, None, Limits(seconds=30))
    with pytest.raises(LawsearchError, match=r"gone\.pdf: cannot be read .*Check the path"):
        parsed(tmp_path / "gone.pdf", None, Limits(seconds=30))


def test_time_grows_with_the_pages_up_to_a_point() -> None:
    assert Limits().time(0) == 300
    assert Limits().time(100) == 2300
    assert Limits().time(10**9) == Limits().time(5000)


def test_a_process_that_cannot_be_started_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(_self: object) -> None:
        raise OSError("Resource temporarily unavailable")

    monkeypatch.setattr(SpawnProcess, "start", refused)
    with pytest.raises(OSError, match="temporarily unavailable"):
        list(attempts([Job(tmp_path / "a.pdf", parse, (tmp_path / "a.pdf",))], 1, Limits()))
