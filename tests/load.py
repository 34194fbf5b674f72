"""A server asked for more than it can do: ``make load``.

Its capacity is what it answers when twice as many ask as it works on at once, so that none of its processes is idle
however connections fall to them; then it is offered a half, one, two and four times as much, as many new requests a
second whether the former are answered or not. It must answer each, or say 429
with when to ask again, and its memory must not grow. Only this machine is asked, for as long as is said here.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import httpx2
import numpy as np

from ingest.pipeline import ingest
from lawsearch.catalogue import load
from lawsearch.embedding import load_models
from lawsearch.indexing import build
from lawsearch.service import AT_ONCE
from lawsearch.settings import load_settings
from lawsearch.store import Store
from tests.bench import QUERIES

ROOT = Path(__file__).parents[1]
#: Times its capacity, and for how many seconds each; the last is the promise, the others make a curve.
OFFERED = ((0.5, 10), (1, 10), (2, 10), (4, 60))
#: Requests that are waited for at once, more than a server should ever keep waiting.
MOST = 2000
#: Share by which memory may differ between the tenth second and the last.
FLAT = 0.05


@dataclass
class Seen:
    """What became of the requests: statuses, seconds of those answered with 200, and what was wrong with others."""

    statuses: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        return float(np.percentile(self.seconds, share)) * 1000 if self.seconds else float("nan")


def address(number: int) -> str:
    """A question that nobody has asked before, so that nothing is remembered: a search, or every fourth a page."""
    words = f"{QUERIES[number % len(QUERIES)]} {number}"
    return f"/api/search?q={quote(words)}" if number % 4 else f"/?q={quote(words)}&limit=2"


async def ask(client: httpx2.AsyncClient, number: int, seen: Seen) -> None:
    started = time.perf_counter()
    try:
        answer = await client.get(address(number))
    except httpx2.HTTPError as error:
        seen.statuses[type(error).__name__] += 1
        return
    seen.statuses[str(answer.status_code)] += 1
    if answer.status_code == 200:
        seen.seconds.append(time.perf_counter() - started)
    elif answer.status_code != 429 or not answer.headers.get("retry-after", "").isdigit():
        seen.wrong.append(f"{answer.status_code}: {answer.text[:200]}")


async def capacity(client: httpx2.AsyncClient, at_once: int, seconds: float) -> float:
    """Answers a second where so many ask, each again as soon as it has its answer."""
    seen, until = Seen(), time.perf_counter() + seconds

    async def one(number: int) -> None:
        while time.perf_counter() < until:
            await ask(client, number, seen)
            number += at_once

    await asyncio.gather(*(one(-1_000_000 + n) for n in range(at_once)))
    return len(seen.seconds) / seconds


async def offer(client: httpx2.AsyncClient, rate: float, seconds: float, first: int) -> Seen:
    """Ask so often a second, from a question of that number on."""
    seen, started, asked = Seen(), time.perf_counter(), set[asyncio.Task[None]]()
    for number in range(int(rate * seconds)):
        await asyncio.sleep(max(0.0, started + number / rate - time.perf_counter()))
        if len(asked) < MOST:
            task = asyncio.create_task(ask(client, first + number, seen))
            asked.add(task)
            task.add_done_callback(asked.discard)
        else:
            seen.statuses["not asked: too many wait"] += 1
    await asyncio.gather(*asked)
    return seen


def memory(group: int) -> float:
    """MiB of the processes of a group, what they share counted once; 0 where the system does not say."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                total += int(re.search(r"^Pss:\s+(\d+)", (folder / "smaps_rollup").read_text(), re.MULTILINE)[1])  # type: ignore[index]
        except (OSError, TypeError):
            continue
    return total / 1024


@asynccontextmanager
async def watched(group: int) -> AsyncIterator[list[float]]:
    """The memory, second by second."""
    found: list[float] = []

    async def watch() -> None:
        while True:
            found.append(memory(group))
            await asyncio.sleep(1)

    watching = asyncio.create_task(watch())
    yield found
    watching.cancel()


async def run(site: str, group: int, workers: int) -> bool:
    """Ask, and print what came of it; whether all promises were kept."""
    limits = httpx2.Limits(max_connections=MOST, max_keepalive_connections=200)
    kept = True
    async with httpx2.AsyncClient(base_url=site, timeout=60, limits=limits) as client:
        await capacity(client, 2 * workers * AT_ONCE, 3)
        full = await capacity(client, 2 * workers * AT_ONCE, 10)
        print(f"capacity: {full:.1f} answers a second, {workers} processes\n")
        print("| offered | a second | answered | 429 | other | p50 ms | p95 ms | MiB, 10th second and last |")
        print("| --- | --- | --- | --- | --- | --- | --- | --- |")
        for number, (times, seconds) in enumerate(OFFERED):
            async with watched(group) as used:
                seen = await offer(client, times * full, seconds, 1_000_000 * number)
            done, busy = seen.statuses["200"], seen.statuses["429"]
            other = seen.statuses.total() - done - busy
            early, late = used[min(10, len(used) - 1)], used[-1]
            print(
                f"| {times} × | {times * full:.1f} | {done / seconds:.1f} | {busy / max(1, seen.statuses.total()):.0%} "
                f"| {other} | {seen.percentile(50):.0f} | {seen.percentile(95):.0f} | {early:.0f}, {late:.0f} |",
                flush=True,
            )
            for wrong in [*seen.wrong[:5], *(s for s in seen.statuses if s not in ("200", "429"))]:
                print(f"not as promised: {wrong}")
            kept = kept and not other and not seen.wrong
        # Of the last, which is long enough to show it.
        return kept and abs(late - early) <= FLAT * early


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    workers = parser.parse_args().workers
    given = load_settings()
    with tempfile.TemporaryDirectory(prefix="lawsearch-load-") as folder:
        settings = given.model_copy(update={"index_dir": Path(folder)})
        with Store(settings.store_path) as store:
            ingest([ROOT / "corpus" / "sample"], store, load(given.catalogue_dir))
        build(settings, load_models(settings), embeddings=given.embeddings_path)
        command = [sys.executable, "-c", "from lawsearch.cli import main; main()", "serve", "--port", "0"]
        server = subprocess.Popen(
            [*command, "--workers", str(workers)], env={**os.environ, "LAWSEARCH_INDEX_DIR": folder},
            stdout=subprocess.PIPE, text=True, start_new_session=True,
        )  # fmt: skip
        try:
            assert server.stdout
            printed = next((line for line in server.stdout if "http://" in line), "")
            found = re.search(r"http://\S+", printed)
            if not found:
                sys.exit("the server did not start")
            kept = asyncio.run(run(found[0], server.pid, workers))
        finally:
            server.send_signal(signal.SIGINT)
            server.wait(30)
    sys.exit(0 if kept else 1)


if __name__ == "__main__":
    main()
