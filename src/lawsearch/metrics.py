"""Metrics for Prometheus: the age of the index, the last run, the corpus, latencies by route, and who waits.

Counters and latencies are those of the process that answers; what is read of the index folder is the same in all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime

from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric

from lawsearch import run
from lawsearch.errors import LawsearchError
from lawsearch.service import Service, View
from lawsearch.turns import Turns

#: Upper bounds of latencies, in seconds: a page, a search, a table, what a person gives up on.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_METHODS = ("GET", "POST", "DELETE", "OPTIONS")


class Metrics:
    """What one server can say of itself; each has a registry of its own."""

    def __init__(self, service: Service, turns: Callable[[], Iterable[Turns]]) -> None:
        """``turns`` are the kinds of heavy work that requests wait for."""
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "lawsearch_request_seconds", "Time until a request was answered, by the pattern of its route.",
            ["method", "route", "status"], buckets=BUCKETS, registry=self._registry,
        )  # fmt: skip
        self._registry.register(_State(service, turns))

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count an answer. What is no method of ours is one: whoever asks must not make series."""
        self._requests.labels(method if method in _METHODS else "other", route, str(status)).observe(seconds)

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)


class _State:
    """What is looked up when it is asked for."""

    def __init__(self, service: Service, turns: Callable[[], Iterable[Turns]]) -> None:
        self._service, self._turns = service, turns

    def collect(self) -> Iterator[Metric]:
        with suppress(LawsearchError):  # where there is nothing to serve yet, nothing is known of it
            yield from _corpus(self._service.view())
        yield from _runs(self._service)
        yield _gauge(
            "turns", "Requests at heavy work, and those that wait for it.", ("work", "state"),
            {(t.what, state): n for t in self._turns() for state, n in (("working", t.working), ("waiting", t.queued))},
        )  # fmt: skip


def _corpus(view: View) -> Iterator[Metric]:
    if built := view.searcher.generation.manifest.get("built"):
        yield _gauge("index_age_seconds", "Since the index being served was built.", (), {(): since(str(built))})
    documents = Counter(view.instruments[entry.instrument.id].jurisdiction for entry in view.entries)
    yield _gauge("documents", "Texts in the corpus, one a language.", ("jurisdiction",), _single(documents))
    yield _gauge("provisions", "Sections and articles in the corpus.", ("jurisdiction",), _single(view.units))


def _runs(service: Service) -> Iterator[Metric]:
    index_dir = service.settings.index_dir
    ended = next((one for one in run.nights(index_dir) if one.result != run.RUNNING), None)
    good = run.last_good(index_dir)
    if good:
        yield _gauge("last_good_run_age_seconds", "Since the last good run ended.", (), {(): since(good.finished)})
    if ended:
        yield _gauge("last_run_ok", "Whether the last run that ended went well.", (), {(): ended.result == run.OK})
        seconds = Counter[str]()
        for phase in ended.phases:
            seconds[phase.name] += phase.seconds  # type: ignore[assignment]
        yield _gauge("last_run_phase_seconds", "What each phase of it took.", ("phase",), _single(seconds))
        states = Counter(d.state for d in ended.documents) + Counter(unchanged=ended.unchanged)
        yield _gauge("last_run_documents", "What became of documents in it.", ("state",), _single(states))


def since(moment: str) -> float:
    """Seconds since a moment (ISO 8601)."""
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()


def _single(values: Mapping[str, float]) -> dict[tuple[str, ...], float]:
    return {(name,): value for name, value in values.items()}


def _gauge(name: str, help_text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]) -> Metric:
    found = GaugeMetricFamily(f"lawsearch_{name}", help_text, labels=labels)
    for label, value in values.items():
        found.add_metric(label, float(value))
    return found
