"""Nights that are killed at any instant, while a server answers."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import IO

import kills
import nights
import numpy as np
import pytest
from nights import LAWS, night_of, served, write
from site_at_fault import Site, reply

from lawsearch import run
from lawsearch.generation import Generation
from lawsearch.text import normal
from lawsearch.verification import verify

ROOT = Path(__file__).parents[1]
KILLS, PHASE_KILLS, PER_EDITION = 100, 3, 12
WATCHED = [name for name in LAWS if name != kills.FETCHED]
QUESTIONS = (
    "/api/search?q=light+the+lamps+at+dusk&limit=20", f"/api/provisions{nights.work('boats')}/en/~sec_2",
    f"/api/provisions{nights.work('lamps')}/en/~sec_2/counterparts?limit=20", "/api/instruments", "/healthz",
)  # fmt: skip


@contextmanager
def process(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], IO[str], IO[str]]]:
    """A process of ``kills.py`` with its input and output."""
    path = os.pathsep.join(map(str, (ROOT / "src", ROOT, ROOT / "tests")))
    environment = {**os.environ, "PYTHONPATH": path, "no_proxy": "*", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, str(ROOT / "tests" / "kills.py"), *arguments]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as found:
        assert found.stdin
        assert found.stdout
        try:
            yield found, found.stdin, found.stdout
        finally:
            found.kill()


class Reader(threading.Thread):
    """Asks a server one thing after another, and keeps what it should not have answered."""

    def __init__(self, port: int) -> None:
        super().__init__(daemon=True)
        self.port, self.asked, self.wrong = port, 0, list[str]()
        self.editions: dict[str, int] = {}
        self._enough = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self._enough.is_set():
            for address in QUESTIONS:
                try:
                    connection.request("GET", address)
                    answer = connection.getresponse()
                    self._look(address, answer.status, answer.read().decode())
                except Exception as error:
                    self.wrong.append(f"{address}: {error!r}")
                    connection.close()
                self.asked += 1
            time.sleep(0.2)
        connection.close()

    def _look(self, address: str, status: int, body: str) -> None:
        editions = {int(n) for n in re.findall(r"\(edition (\d+)\)", body)}
        if status != 200 or len(editions) > 1:
            self.wrong.append(f"{address}: {status}, editions {editions}: {body[:200]}")
        elif address == QUESTIONS[0]:
            (edition,), generation = editions, json.loads(body)["generation"]
            if self.editions.setdefault(generation, edition) != edition or edition < max(self.editions.values()):
                self.wrong.append(f"{generation} was {self.editions[generation]} and is {edition}")

    def stop(self) -> None:
        self._enough.set()
        self.join(60)


class Nights:
    """Nights in a process of their own, each killed where it is told to be."""

    def __init__(self, folder: Path, orders: IO[str], said: IO[str]) -> None:
        self.settings = kills.settings(folder)
        self._orders, self._said = orders, said
        self._told = folder / "told.jsonl"
        self._looked = 0
        #: Files that were stored in this edition.
        self.stored: set[str] = set()

    def night(self, phase: str = "", seconds: float = 0.0) -> int:
        """One night, killed so long after it enters a phase, by itself where that is at once; its exit status. Checks
        that nothing is done twice."""
        known = self._embeddings()
        self._orders.write("\n" if seconds else f"{phase}\n")
        word, number = self._said.readline().split()
        assert word == "process"
        while (line := self._said.readline().split())[0] == "phase":
            if seconds and " ".join(line[1:]) == phase:
                time.sleep(seconds)
                with suppress(ProcessLookupError):  # it was faster
                    os.kill(int(number), signal.SIGKILL)
                phase = ""
        self._check(known)
        return int(line[1])

    def _embeddings(self) -> set[tuple[str, bytes]]:
        if not self.settings.embeddings_path.exists():
            return set()
        with closing(sqlite3.connect(self.settings.embeddings_path)) as db:
            return set(db.execute("select model, digest from vectors"))

    def _check(self, known: set[tuple[str, bytes]]) -> None:
        phase = ""
        lines = self._told.read_text("utf-8").splitlines()
        new, self._looked = lines[self._looked :], len(lines)
        for line in new:
            what, *words = json.loads(line)
            if what == "phase":
                phase = words[0]
            elif what == "read":
                assert words[0] not in self.stored, f"{words[0]} was read and stored before"
            elif what == "stored":
                self.stored.add(words[0])
            # What is checked before the switch is embedded anew on purpose.
            elif what == "embedded" and phase != "checking":
                key = (words[0], hashlib.sha256(normal(words[1]).encode()).digest())
                assert key not in known, f"{words[1]!r} was embedded before ({phase})"
                known.add(key)
            elif what == "ended":
                assert words == ["ok", ""]


def edition_of(folder: Path, number: int, site: Site) -> None:
    """Another text of every law, the one that is fetched at its address."""
    write(folder / "laws", str(number), only=WATCHED)
    write(folder / "elsewhere", str(number), only=[kills.FETCHED])
    site.at("/law.pdf", reply(200, (folder / "elsewhere" / f"{kills.FETCHED}.pdf").read_bytes()))


def deal(rng: random.Random, phases: list[str]) -> Iterator[list[str]]:
    """Some phases to be killed in, in their order, all of them as often as each other."""
    deck: list[str] = []
    while True:
        while len(deck) < PER_EDITION:
            deck += rng.sample(phases, len(phases))
        hand, deck = deck[:PER_EDITION], deck[PER_EDITION:]
        yield sorted(hand, key=phases.index)


@pytest.mark.skipif(sys.platform == "win32", reason="processes are forked and killed as POSIX does")
def test_kills_at_any_instant_tear_nothing_and_cost_no_finished_work(tmp_path: Path) -> None:
    seed = int(os.environ.get("KILLS_SEED") or secrets.randbelow(2**32))
    print(f"again with: KILLS_SEED={seed}")
    rng = random.Random(seed)
    hit: Counter[str] = Counter()
    with (
        Site.running() as site, process("night", str(tmp_path), f"{site.address}/law.pdf") as (_, orders, said),
        process("serve", str(tmp_path)) as (_, _, announced),
    ):  # fmt: skip
        edition_of(tmp_path, 0, site)
        nightly = Nights(tmp_path, orders, said)
        index_dir = nightly.settings.index_dir
        assert nightly.night() == 0
        edition_of(tmp_path, edition := 1, site)
        nightly.stored.clear()
        assert nightly.night() == 0
        seconds = {phase.name: phase.seconds for phase in next(run.runs(index_dir)).phases}
        reader = Reader(int(announced.readline()))
        reader.start()
        hands = deal(rng, list(seconds))
        while sum(hit.values()) < KILLS or min(hit[phase] for phase in seconds) < PHASE_KILLS:
            edition_of(tmp_path, edition := edition + 1, site)
            nightly.stored.clear()
            for phase in next(hands):
                # Every other kill is at once where a phase has not been hit often enough.
                share = rng.random() if hit[phase] >= PHASE_KILLS or rng.random() < 0.5 else 0
                if nightly.night(phase, share * seconds[phase]) == -signal.SIGKILL:
                    killed = next(run.runs(index_dir))
                    hit[killed.phases[-1].name if killed.result == run.RUNNING else "its end"] += 1
            assert nightly.night() == 0, "the next run completes"
            assert all(f"(edition {edition})" in text for text in served(nightly.settings).values())
            assert edition < 3 * KILLS, hit
        for _ in range(600):
            if edition in reader.editions.values():
                break
            time.sleep(0.1)
        reader.stop()
    print(f"{sum(hit.values())} kills ({dict(hit)}), {edition} editions, {reader.asked} questions")
    assert reader.wrong == []
    assert max(reader.editions.values()) == edition, "the server has switched to the last of them"
    assert len(reader.editions) > edition // 2
    assert verify(nightly.settings).findings == []
    clean = nightly.settings.model_copy(update={"index_dir": tmp_path / "clean"})
    assert night_of(clean).result == run.OK
    one, two = (Generation.current(s.index_dir) for s in (nightly.settings, clean))
    assert nights.texts(one) == nights.texts(two)
    assert list(one.ids) == list(two.ids)
    assert one.manifest["corpus_digest"] == two.manifest["corpus_digest"]
    assert np.array_equal(one.whole.vectors, two.whole.vectors)
    one.close()
    two.close()
