"""Terms that a section defines: told by its heading or opening, then paragraph by paragraph."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from lawsearch.text import slug

#: Characters of a term that an eId takes.
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class Definitions:
    """How a language defines terms; the fields are described in ``definitions.toml``."""

    heading: re.Pattern[str] | None = None
    opening: re.Pattern[str] | None = None
    quoted: re.Pattern[str] | None = None
    labelled: re.Pattern[str] | None = None

    def fill(self, heading: str, opening: str) -> bool:
        """Whether the section with this heading and first paragraph says that it defines terms."""
        return bool((self.heading and self.heading.search(heading)) or (self.opening and self.opening.match(opening)))

    def introduces(self, text: str) -> bool:
        """Whether a paragraph only says that definitions follow it (``In this section —``)."""
        return bool(self.opening and self.opening.match(text) and text.rstrip().endswith(("—", "–", "-", ":")))

    def term(self, text: str, labelled: bool = False) -> str:
        """The term that a paragraph defines, or nothing; ``labelled`` if the text stood behind a label."""
        for pattern in (self.quoted, self.labelled if labelled else None):
            if pattern and (match := pattern.match(text)):
                return " ".join(match["term"].split()).rstrip(" ,")
        return ""


@cache
def _languages() -> dict[str, Definitions]:
    table = tomllib.loads(files("ingest").joinpath("definitions.toml").read_text("utf-8"))
    return {
        language: Definitions(**{name: re.compile(pattern) for name, pattern in row.items()})
        for language, row in table.items()
    }


def definitions_of(language: str) -> Definitions | None:
    """How the language defines terms, if that is known."""
    return _languages().get(language)


def term_eid(term: str) -> str:
    """The term as part of an eId: ``def_personal-data``; a term in a script of its own keeps its letters."""
    plain = slug(term).lower()
    if not plain.isascii():
        # Marks are part of the words of most scripts; a slug drops them.
        text = unicodedata.normalize("NFC", term).casefold()
        spaced = "".join(c if unicodedata.category(c)[0] in "LMN" else "-" for c in text)
        plain = re.sub(r"-+", "-", spaced).strip("-")
    return f"def_{plain[:_LONGEST].strip('-') or 'n'}"
