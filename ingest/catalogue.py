"""The catalogue: what is known of instruments, kept as TOML beside the corpus, and how to recognise them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lawsearch.errors import MetadataError
from lawsearch.instrument import Instrument, instrument_from
from lawsearch.text import folded

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


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All entries, in the order of files and tables."""

    entries: tuple[Entry, ...] = ()

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
    vocabulary, an id given twice, or a file that is not TOML.
    """
    entries: list[Entry] = []
    seen: dict[str, Path] = {}
    for path in sorted(Path(folder).glob("*.toml")):
        for entry in _entries(path):
            identifier = entry.instrument.id
            if identifier in seen:
                raise MetadataError(f"{path}: {identifier} is also in {seen[identifier]}", "Keep one of the two")
            seen[identifier] = path
            entries.append(entry)
    return Catalogue(tuple(entries))


def _entries(path: Path) -> Iterable[Entry]:
    values = table(path)
    rows = values.get("instrument", [])
    unknown = sorted(set(values) - {"instrument"})
    if unknown or not isinstance(rows, list):
        raise MetadataError(f"{path}: unknown table {unknown[0] if unknown else 'instrument'!r}", "Use [[instrument]]")
    for i, row in enumerate(rows, start=1):
        yield entry_from(row, f"{path}, instrument {i}")


def sidecar(path: str | Path) -> Entry | None:
    """The entry in the ``.toml`` beside a document, or None where there is none. Raises MetadataError."""
    beside = Path(path).with_suffix(".toml")
    return entry_from(table(beside), str(beside)) if beside.is_file() else None
