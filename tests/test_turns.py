"""Heavy work: so much at once, so many waiting, nothing made twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from lawsearch.errors import BusyError, QueryError
from lawsearch.turns import Made, Turns

#: Longer than any test waits where it should not have to.
LONG = 30.0


def made(most: int = 10, weight: Callable[[Any], int] = lambda _: 1, **given: Any) -> Made[str, str]:
    return Made(Turns("lamps", **({"at_once": 1, "waiting": 40, "patience": LONG} | given)), most, weight)


def until(holds: Callable[[], bool]) -> None:
    """Wait until ``holds``, which it must before the test's patience ends."""
    done = threading.Event()
    for _ in range(3000):
        if holds():
            return
        done.wait(0.01)
    raise AssertionError("never came to hold")


def test_what_many_ask_for_together_is_made_once() -> None:
    kept, go, calls = made(), threading.Event(), []

    def make() -> str:
        calls.append(1)
        assert go.wait(LONG)
        return "light"

    with ThreadPoolExecutor(20) as pool:
        asked = [pool.submit(kept.of, "a", make) for _ in range(20)]
        until(lambda: kept._turns._places._value == 21)
        go.set()
        assert [a.result(LONG) for a in asked] == ["light"] * 20
    assert len(calls) == 1
    assert kept.of("a", make) == "light"
    assert len(calls) == 1


@pytest.mark.parametrize("at_once", [1, 3])
def test_no_more_is_made_at_once_than_may_be(at_once: int) -> None:
    kept, lock, now, most = made(at_once=at_once), threading.Lock(), 0, 0

    def make() -> str:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        threading.Event().wait(0.005)
        with lock:
            now -= 1
        return "x"

    with ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda i: kept.of(str(i), make), range(32))) == {"x"}
    assert 1 <= most <= at_once


def test_who_finds_all_places_taken_is_told_at_once() -> None:
    turns, go = Turns("lamps", at_once=1, waiting=2, patience=LONG), threading.Event()

    def work() -> None:
        with turns.turn():
            assert go.wait(LONG)

    with ThreadPoolExecutor(3) as pool:
        working = [pool.submit(work) for _ in range(3)]
        until(lambda: turns._places._value == 0)
        with pytest.raises(BusyError, match="busy with other lamps") as raised, turns.turn():
            pass
        assert raised.value.after > 0
        go.set()
        for one in working:
            one.result(LONG)
    with turns.turn():
        pass


def test_nobody_waits_longer_than_patience() -> None:
    kept, go = made(patience=0.01), threading.Event()
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(kept.of, "a", lambda: str(go.wait(LONG)))
        until(lambda: "a" in kept._making)
        for key in ("a", "b"):
            with pytest.raises(BusyError):
                kept.of(key, lambda: "never")
        go.set()
        assert slow.result(LONG) == "True"
    assert kept.of("b", lambda: "now") == "now"


def test_an_error_reaches_all_who_wait_and_is_not_kept() -> None:
    kept, go = made(), threading.Event()

    def fail() -> str:
        assert go.wait(LONG)
        raise QueryError("broken")

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(kept.of, "a", fail) for _ in range(4)]
        until(lambda: kept._turns._places._value == 37)
        go.set()
        for one in asked:
            with pytest.raises(QueryError, match="broken"):
                one.result(LONG)
    assert kept.of("a", lambda: "mended") == "mended"


def test_the_last_used_are_kept_up_to_their_weight() -> None:
    kept, calls = made(most=10, weight=len), []

    def of(key: str, value: str) -> str:
        return kept.of(key, lambda: calls.append(key) or value)

    of("a", "aaaa"), of("b", "bbbb"), of("a", "aaaa")
    of("c", "cccc")  # b goes: a was used after it
    of("a", "aaaa"), of("c", "cccc")
    assert calls == ["a", "b", "c"]
    of("huge", "h" * 11), of("a", "aaaa"), of("c", "cccc")
    assert calls == ["a", "b", "c", "huge"], "what is too heavy to keep drives nothing out"
    of("huge", "h" * 11), of("b", "bbbb")
    assert calls == ["a", "b", "c", "huge", "huge", "b"]
