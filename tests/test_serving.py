"""One address, several processes: one that dies is replaced, and nobody is turned away meanwhile."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from lawsearch.serving import configured
from lawsearch.settings import Settings

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes are looked up in /proc")


@pytest.fixture
def server(built: Settings, model_folders: tuple[Path, Path]) -> Iterator[tuple[str, int]]:
    """The address of a server of two processes over the built index, and the process that looks after them."""
    given = {
        "INDEX_DIR": built.index_dir, "MULTILINGUAL_MODEL": model_folders[0], "ENGLISH_MODEL": model_folders[1],
        "CATALOGUE_DIR": ROOT / "corpus" / "catalogue", "TOPICS_DIR": built.topics_dir, "PRECISION": "float32",
    }  # fmt: skip
    environment = {**os.environ, **{f"LAWSEARCH_{name}": str(value) for name, value in given.items()}}
    command = [sys.executable, "-c", "from lawsearch.cli import main; main()", "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout
        try:
            printed = next(line for line in started.stdout if "http://" in line)
            yield re.findall(r"http://\S+", printed)[0], started.pid
        finally:
            started.send_signal(signal.SIGINT)
        assert started.wait(60) == 0


def test_an_idle_connection_is_kept_longer_than_who_asks_keeps_his() -> None:
    config = configured("lawsearch.serving:application", factory=True)
    # Of clients (httpx, urllib3) and of proxies (nginx) that keep them at all.
    assert config.timeout_keep_alive > 60
    assert (config.log_config, config.access_log) == (None, False)


def workers(pid: int) -> set[int]:
    """The processes that answer: children that were spawned, less the one that tracks what they share."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(c) for c in children if b"spawn_main" in Path(f"/proc/{c}/cmdline").read_bytes()}


def test_a_process_that_dies_is_replaced_and_the_others_answer(server: tuple[str, int]) -> None:
    site, pid = server
    both = workers(pid)
    assert len(both) == 2
    assert urlopen(f"{site}api/search?q=lamp").status == 200
    os.kill(both.pop(), signal.SIGKILL)
    for _ in range(20):
        assert urlopen(f"{site}healthz").status == 200
    until = time.monotonic() + 60
    while len(workers(pid) - both) < 1 or not both <= workers(pid):
        assert time.monotonic() < until
        time.sleep(0.2)
