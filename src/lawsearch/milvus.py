"""Nearest vectors with Milvus: a server, a cluster or, to try it, a file (milvus-lite).

Each view of a generation is one collection, each group one partition of it. A collection is written, loaded and counted
before its generation is served and never changed after: so readers need no consistency but the weakest, and ask for it
by its own name, which the manifest says, for rows of one generation mean nothing in another. An alias for each view
(``lawsearch_whole``) follows what is served, for whoever looks at the cluster without the index.

Only the search is Milvus's. The vectors themselves stay mapped on each machine that serves: candidates are ranked by
their exact cosines.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any

import numpy as np

from lawsearch.errors import GenerationError, SettingsError
from lawsearch.settings import IndexSettings
from lawsearch.vectors import Nearest

#: Rows sent at once: 6 MB of vectors, where Milvus takes 64.
BATCH = 4096
#: Lists of an IVF index in each segment, and how many an unfiltered search looks into; a filtered one looks into all.
LISTS, PROBES = 1024, 64
#: Most that Milvus answers to one question.
MOST = 16_384
#: Numbers that an expression lists at most, each some 6 µs for Milvus to read; else this machine is sooner done.
LISTED = 2_000
#: Seconds for a connection and for an answer.
PATIENCE = 10.0


def engine(settings: IndexSettings) -> Milvus | None:
    """The Milvus that the settings name, None where they name none. It is connected to when it is first asked."""
    return Milvus(settings) if settings.backend == "milvus" else None


class Milvus:
    """The collections of all generations. Every method raises GenerationError where Milvus does not answer or refuses,
    SettingsError where its client is not installed."""

    def __init__(self, settings: IndexSettings) -> None:
        self._settings = settings

    @cached_property
    def _client(self) -> Any:
        try:
            from pymilvus import MilvusClient
        except ImportError:
            raise SettingsError(
                'index.backend = "milvus" needs the package pymilvus', "Install it: pip install 'lawsearch[milvus]'"
            ) from None
        # What it would log it raises as well, and the log must not repeat what was asked.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        s = self._settings
        further: dict[str, Any] = {"server_pem_path": str(s.ca_file)} if s.ca_file else {}
        if s.uri.endswith(".db"):  # it takes the pings of an idle client amiss, and complains of what it cannot do
            further["grpc_options"] = {"grpc.keepalive_time_ms": 2**31 - 1}
            logging.getLogger("grpc").setLevel(logging.CRITICAL)
        return MilvusClient(uri=s.uri, token=s.token.get_secret_value(), timeout=PATIENCE, **further)

    @contextmanager
    def asked(self) -> Iterator[Any]:
        """The client, whose errors say where Milvus was looked for and what to do."""
        try:
            yield self._client
        except SettingsError:
            raise
        except Exception as error:
            # Its own errors, gRPC's, and those of a file: no class is common to them.
            if not type(error).__module__.startswith(("pymilvus", "grpc", "milvus_lite")):
                raise
            reason = getattr(error, "message", "") or str(error)
            raise GenerationError(
                f"Milvus at {self._settings.uri}: {reason}",
                'Start it or correct index.uri and index.token; index.backend = "faiss" searches without it',
            ) from error

    def names(self, stamp: str) -> dict[str, str]:
        """What the collections of a generation built at ``stamp`` are called, by view."""
        return {view: f"{self._settings.name}_{stamp}_{view}" for view in ("whole", "title", "english")}

    def build(
        self,
        collection: str,
        vectors: np.ndarray,
        ranges: Mapping[str, tuple[int, int]],
        labels: Mapping[str, np.ndarray],
        flat_limit: int,
    ) -> None:
        """Write ``vectors`` (n, d), of unit length, into a new collection, index and load it.

        ``ranges`` are the rows of each group; ``labels``, each (n,), number what a filter lets through or bars as a
        whole, the largest first. Where no group has more rows than ``flat_limit`` the index is exact, else IVF-SQ8.
        """
        with self.asked():  # who lacks its client is told so
            from pymilvus import DataType, MilvusClient
        held = {name: span for name, span in ranges.items() if _held(vectors, span[0])}
        if not held:
            return
        schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
        schema.add_field("row", DataType.INT64, is_primary=True)
        for label in labels:
            schema.add_field(label, DataType.INT64)
        schema.add_field("vector", DataType.FLOAT_VECTOR, dim=vectors.shape[1])
        largest = max(stop - start for start, stop in ranges.values())
        index = MilvusClient.prepare_index_params()
        kind = {"index_type": "IVF_SQ8", "params": {"nlist": LISTS}} if largest > flat_limit else {"index_type": "FLAT"}
        index.add_index("vector", metric_type="IP", **kind)
        with self.asked() as client:
            client.create_collection(collection, schema=schema, consistency_level="Strong")
            for name, (start, stop) in held.items():
                client.create_partition(collection, _partition(name))
                for at in range(start, stop, BATCH):
                    data = [
                        {"row": row, "vector": vectors[row], **{label: int(of[row]) for label, of in labels.items()}}
                        for row in range(at, min(at + BATCH, stop))
                    ]
                    client.insert(collection, data, partition_name=_partition(name))
            client.flush(collection)
            client.create_index(collection, index)
        self._load(collection)

    def _load(self, collection: str) -> None:
        with self.asked() as client:
            client.load_collection(collection, replica_number=self._settings.replicas)

    def open(
        self, collection: str, local: Nearest, ranges: Mapping[str, tuple[int, int]], labels: Mapping[str, np.ndarray]
    ) -> MilvusIndex:
        """What ``build`` wrote, to be searched instead of ``local``. Raises GenerationError where it is not whole."""
        held = {name: span for name, span in ranges.items() if _held(local.vectors, span[0])}
        wanted = sum(stop - start for start, stop in held.values())
        with self.asked() as client:
            there = client.has_collection(collection)
            if there:
                self._load(collection)
                answer = client.query(collection, output_fields=["count(*)"], consistency_level="Strong")
            found = int(answer[0]["count(*)"]) if there else 0
        if found != wanted:
            raise GenerationError(
                f"Milvus at {self._settings.uri}: collection {collection} holds {found} of {wanted} provisions",
                'Build it again: lawsearch index; index.backend = "faiss" searches without it',
            )
        return MilvusIndex(self, collection, local, held, labels)

    def serve(self, collections: Mapping[str, str]) -> None:
        """Point the aliases at the collections of a generation, by view."""
        from pymilvus import MilvusException

        with self.asked() as client:
            for view, collection in collections.items():
                alias = f"{self._settings.name}_{view}"
                try:
                    client.alter_alias(collection, alias)
                except MilvusException:  # the first generation finds none
                    client.create_alias(collection, alias)

    def release(self, collections: Mapping[str, str]) -> None:
        """Take collections out of Milvus's memory; they are loaded again when they are opened."""
        with self.asked() as client:
            for collection in collections.values():
                if client.has_collection(collection):
                    client.release_collection(collection)

    def drop(self, collections: Mapping[str, str]) -> None:
        """Remove the collections of a generation, those that are there."""
        with self.asked() as client:
            for collection in collections.values():
                if client.has_collection(collection):
                    client.drop_collection(collection)


class MilvusIndex:
    """One view of a generation, searched by Milvus."""

    def __init__(
        self,
        server: Milvus,
        collection: str,
        local: Nearest,
        ranges: Mapping[str, tuple[int, int]],
        labels: Mapping[str, np.ndarray],
    ) -> None:
        self._server = server
        self._collection = collection
        self._local = local
        self._ranges = dict(ranges)
        self._labels = labels

    def __len__(self) -> int:
        return len(self._local)

    @property
    def vectors(self) -> np.ndarray:
        """All vectors, shape (n, d), as they lie on this machine."""
        return self._local.vectors

    def search(
        self, query: np.ndarray, name: str, limit: int, mask: np.ndarray | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """As ``Nearest.search``. Raises GenerationError where Milvus does not answer."""
        if name not in self._ranges:
            return self._local.search(query, name, limit, mask)
        start, stop = self._ranges[name]
        limit = min(limit, stop - start)
        told: str | None = ""
        if mask is not None:
            told = expression({label: of[start:stop] for label, of in self._labels.items()}, mask[start:stop], start)
        if told is None or limit > MOST:
            return self._local.search(query, name, limit, mask)
        with self._server.asked() as client:
            # Eight bits a number misplace what is nearly alike: of twice as many the exact cosines decide.
            found = client.search(
                self._collection,
                data=[query],
                filter=told,
                limit=min(2 * limit, MOST),
                partition_names=[_partition(name)],
                search_params={"params": {"nprobe": LISTS if told else PROBES}},
                consistency_level="Eventually",
                timeout=PATIENCE,
            )
        rows = np.array(found[0].ids, np.int64)
        cosines = self.vectors[rows] @ query
        best = np.argsort(-cosines, kind="stable")[:limit]
        return rows[best], cosines[best]


def expression(labels: Mapping[str, np.ndarray], mask: np.ndarray, start: int) -> str | None:
    """What Milvus is to be told so that only the rows in ``mask`` (m,) answer; "" where all may, None where none may
    or it takes too many words.

    ``labels`` are those of the rows, each (m,), ``start`` is the number of the first row. What is let through or barred
    as a whole is named by its label, the largest first; what is left is named row by row.
    """
    if mask.all():
        return ""
    if not mask.any():
        return None
    allowed, barred = _terms(labels, mask, start), _terms(labels, ~mask, start)
    if min(allowed[1], barred[1]) > LISTED:
        return None
    return allowed[0] if allowed[1] <= barred[1] else f"not ({barred[0]})"


def _terms(labels: Mapping[str, np.ndarray], mask: np.ndarray, start: int) -> tuple[str, int]:
    """An expression for the rows in ``mask``, and how many numbers it lists."""
    parts, listed, left = [], 0, mask
    for label, of in {**labels, "row": start + np.arange(len(mask))}.items():
        places = of - of.min()
        held = np.bincount(places)
        whole = (held > 0) & (held == np.bincount(places, weights=left))
        if whole.any():
            parts.append(f"{label} in {(np.flatnonzero(whole) + of.min()).tolist()}")
            listed += int(whole.sum())
            left = left & ~whole[places]
    return " or ".join(parts), listed


def _partition(group: str) -> str:
    return re.sub(r"\W", "_", group)


def _held(vectors: np.ndarray, start: int) -> bool:
    """Whether a group has vectors in a view: all its rows do or, of the English model, none."""
    return bool(vectors[start].any())
