"""Topics: what provisions are about, in two levels, with a definition and labels in the region's languages.

One TOML file a field of law: a table ``[field]`` and ``[[topic]]`` tables, each with ``id``, ``definition`` and
``labels`` by language, English among them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lawsearch.catalogue import table
from lawsearch.errors import MetadataError
from lawsearch.vocabulary import languages

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: ``field`` is the id of the field it belongs to; a field itself is a Topic without one."""

    id: str
    definition: str
    labels: Mapping[str, str]
    field: str = ""

    def label(self, language: str = "en") -> str:
        """What it is called in a language, in English where that has no label."""
        return self.labels.get(language) or self.labels["en"]


@dataclass(frozen=True, slots=True)
class Taxonomy:
    """Fields and topics by id, in the order of files and tables."""

    fields: Mapping[str, Topic]
    topics: Mapping[str, Topic]

    def of(self, field: str) -> list[Topic]:
        """The topics of one field."""
        return [topic for topic in self.topics.values() if topic.field == field]

    @property
    def digest(self) -> str:
        """A short digest of everything in it, so that changed topics make a new index."""
        return hashlib.sha256(repr((self.fields, self.topics)).encode()).hexdigest()[:12]

    def as_json(self) -> list[dict[str, Any]]:
        """Plain rows, as ``taxonomy_from`` reads them."""
        return [
            {"id": t.id, "definition": t.definition, "labels": dict(t.labels), "field": t.field}
            for t in (*self.fields.values(), *self.topics.values())
        ]


def taxonomy_from(rows: Iterable[Mapping[str, Any]]) -> Taxonomy:
    """The taxonomy of plain rows, as ``Taxonomy.as_json`` makes them."""
    found = [Topic(row["id"], row["definition"], row["labels"], row["field"]) for row in rows]
    return Taxonomy({t.id: t for t in found if not t.field}, {t.id: t for t in found if t.field})


def load(folder: str | Path) -> Taxonomy:
    """The taxonomy in ``folder``, empty where there is none.

    Raises MetadataError for a topic without definition or English label, an unknown language, or an id given twice.
    """
    fields: dict[str, Topic] = {}
    topics: dict[str, Topic] = {}
    for path in sorted(Path(folder).glob("*.toml")):
        values = table(path)
        if unknown := sorted(set(values) - {"field", "topic"}):
            raise MetadataError(f"{path}: unknown table {unknown[0]!r}", "Use [field] and [[topic]]")
        area = _topic(values.get("field"), f"{path}, field")
        rows = values.get("topic", [])
        if not isinstance(rows, list):
            raise MetadataError(f"{path}: topic is not a list of tables", "Use [[topic]]")
        found = [_topic(row, f"{path}, topic {i}", area.id) for i, row in enumerate(rows, start=1)]
        for topic, where in ((area, fields), *((t, topics) for t in found)):
            if topic.id in fields or topic.id in topics:
                raise MetadataError(f"{path}: {topic.id!r} is there already", "Ids are unique over all files")
            where[topic.id] = topic
    return Taxonomy(fields, topics)


def _topic(row: object, where: str, field: str = "") -> Topic:
    if not isinstance(row, dict) or set(row) != {"id", "definition", "labels"}:
        raise MetadataError(f"{where}: not a table of id, definition and labels", "Give it these three")
    key, definition, labels = row["id"], row["definition"], row["labels"]
    if not isinstance(key, str) or not _ID.fullmatch(key):
        raise MetadataError(f"{where}: id {key!r} is not lower-case words joined by hyphens", 'Write id = "consent"')
    if not isinstance(definition, str) or not definition.strip():
        raise MetadataError(f"{where}: {key} has no definition", "Say in a sentence what such a provision does")
    if not isinstance(labels, dict) or not all(isinstance(v, str) and v.strip() for v in labels.values()):
        raise MetadataError(f"{where}: {key}: labels are not texts by language")
    for code in labels:
        if code not in languages():
            raise MetadataError(f"{where}: {key}: language {code!r} is not known", "Use a code of languages.toml")
    if "en" not in labels:
        raise MetadataError(f"{where}: {key} has no English label", "Give it one")
    return Topic(key, definition, labels, field)
