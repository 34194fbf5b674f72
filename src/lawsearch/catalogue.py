"""The catalogue: which instruments exist, as TOML beside the corpus, and how their texts are recognised.

One file a jurisdiction, named by its code, with ``[[instrument]]`` tables and, for a state, ``[data_protection]``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path

from lawsearch.errors import MetadataError
from lawsearch.instrument import Instrument, instrument_from
from lawsearch.text import folded
from lawsearch.vocabulary import jurisdictions, languages

#: How much of a text, folded, can show what it is.
_OPENING = 1600
_EXTRA = ("recognise", "family", "language")


@dataclass(frozen=True, slots=True)
class Entry:
    """An instrument, the strings that tell its text (any group, all of its strings), and how to read it.

    ``recognise`` is folded; ``family`` and ``language``, where given, settle numbering and language.
    """

    instrument: Instrument
    recognise: tuple[tuple[str, ...], ...] = ()
    family: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataProtection:
    """Whether a jurisdiction has a general data protection law: the id of ``law``, or empty and what it has
    ``instead``; ``says`` it in a sentence, ``source`` and ``status_date`` tell who knows it and as of when."""

    law: str = ""
    instead: tuple[str, ...] = ()
    says: str = ""
    source: str = ""
    status_date: str = ""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries, in the order of files and tables; and what each jurisdiction has on data protection."""

    entries: tuple[Entry, ...] = ()
    data_protection: Mapping[str, DataProtection] = field(default_factory=dict)

    def recognised(self, text: str) -> Entry | None:
        """The entry whose strings all stand in the opening of ``text``; those that stand first win.

        Only the opening counts: further on a law cites other laws by the same words.
        """
        plain = folded(text)[:_OPENING]
        found = [
            (max(plain.find(sign) for sign in group), -sum(map(len, group)), i, entry)
            for i, entry in enumerate(self.entries)
            for group in entry.recognise
            if group and all(sign in plain for sign in group)
        ]
        return min(found, key=lambda item: item[:3])[3] if found else None

    def named(self, identifier: str) -> Entry | None:
        """The entry with that instrument id."""
        return next((entry for entry in self.entries if entry.instrument.id == identifier), None)


def entry_from(values: dict[str, object], where: str) -> Entry:
    """An entry from one TOML table. Raises MetadataError for an unknown key or a wrong type."""
    extra = {key: values[key] for key in _EXTRA if key in values}
    instrument = instrument_from({k: v for k, v in values.items() if k not in _EXTRA}, where)
    signs = extra.get("recognise", [])
    if not isinstance(signs, list) or not all(
        isinstance(group, list) and group and all(isinstance(sign, str) and folded(sign) for sign in group)
        for group in signs
    ):
        raise MetadataError(f"{where}: recognise must be a list of lists of texts", 'Write recognise = [["Act 709"]]')
    for key in ("family", "language"):
        if not isinstance(extra.get(key, ""), str):
            raise MetadataError(f"{where}: {key} must be a text")
    groups = tuple(tuple(folded(sign) for sign in group) for group in signs)
    return Entry(instrument, groups, str(extra.get("family", "")), str(extra.get("language", "")))


def table(path: Path) -> dict[str, object]:
    """A TOML file as a mapping. Raises MetadataError where it cannot be read."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise MetadataError(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MetadataError(f"{path}: is not TOML ({error})", "Correct the line that it names") from None


def load(folder: str | Path) -> Catalogue:
    """The catalogue in ``folder``: every ``*.toml``, ``[[instrument]]`` tables with the fields of Instrument.

    Further keys are ``recognise``, ``family`` and ``language``. Raises MetadataError for a field outside its
    vocabulary, an id given twice, an instrument in the file of another jurisdiction, a ``[data_protection]`` that
    names an instrument which is not there, or a file that is not TOML.
    """
    entries: list[Entry] = []
    answers: dict[str, DataProtection] = {}
    seen: dict[str, Path] = {}
    for path in sorted(Path(folder).glob("*.toml")):
        values = table(path)
        if unknown := sorted(set(values) - {"instrument", "data_protection"}):
            raise MetadataError(
                f"{path}: unknown table {unknown[0]!r}", "Use [[instrument]], and [data_protection] once"
            )
        for entry in _entries(path, values.get("instrument", [])):
            identifier = entry.instrument.id
            if identifier in seen:
                raise MetadataError(f"{path}: {identifier} is also in {seen[identifier]}", "Keep one of the two")
            seen[identifier] = path
            entries.append(entry)
        if "data_protection" in values:
            answers[path.stem] = _data_protection(path, values["data_protection"])
    for code, answer in answers.items():
        for identifier in filter(None, (answer.law, *answer.instead)):
            if identifier not in seen:
                raise MetadataError(
                    f"{folder}/{code}.toml: data_protection names {identifier}, which is not in the catalogue",
                    "Add the instrument or correct the id",
                )
    return Catalogue(tuple(entries), answers)


def _entries(path: Path, rows: object) -> Iterator[Entry]:
    if not isinstance(rows, list):
        raise MetadataError(f"{path}: instrument is not a list of tables", "Use [[instrument]]")
    for i, row in enumerate(rows, start=1):
        entry = entry_from(row, f"{path}, instrument {i}")
        instrument = entry.instrument
        if path.stem in jurisdictions() and instrument.jurisdiction != path.stem:
            raise MetadataError(
                f"{path}: {instrument.id} has the jurisdiction {instrument.jurisdiction!r}", "One file a jurisdiction"
            )
        for code in (*instrument.languages, instrument.authoritative):
            if code not in languages():
                raise MetadataError(f"{path}: {instrument.id}: language {code!r} is not known", "Use an ISO 639 code")
        yield entry


def _data_protection(path: Path, values: object) -> DataProtection:
    if not isinstance(values, dict):
        raise MetadataError(f"{path}: data_protection is not a table", "Use [data_protection]")
    clean = {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in values.items()}
    clean["instead"] = tuple(clean.get("instead", ()))
    for name, value in clean.items():
        if name not in (f.name for f in fields(DataProtection)):
            raise MetadataError(f"{path}: data_protection has an unknown field {name!r}")
        if not all(isinstance(v, str) for v in (value if name == "instead" else (value,))):
            raise MetadataError(f"{path}: data_protection.{name} must be text")
    return DataProtection(**clean)


def sidecar(path: str | Path) -> Entry | None:
    """The entry in the ``.toml`` beside a document, or None where there is none. Raises MetadataError."""
    beside = Path(path).with_suffix(".toml")
    return entry_from(table(beside), str(beside)) if beside.is_file() else None
