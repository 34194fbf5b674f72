"""The table of docs/parsing.md: what the floors of the structure gate are, by language and layout, against the targets.

    python -m tests.quality.table             print it
    python -m tests.quality.table --write     put it into docs/parsing.md

Languages, layouts and numbers of units come from the reference structures, which have to be at hand.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
DEV = Path(os.environ.get("LAWSEARCH_SHARED") or ROOT.parent / "shared") / "corpus" / "dev"
DOCS = ROOT / "docs" / "parsing.md"
BEGIN, END = "<!-- measured: python -m tests.quality.table -->\n", "<!-- /measured -->\n"
MEASURES = ("recall", "precision", "heading", "text")

#: What is to be reached of MEASURES: by text layer; and of scans by language.
TEXT = (1.0, 0.995, 0.98, 0.99)
LAYERED = (0.98, 0.0, 0.0, 0.95)
SCANS = {"km": (0.0, 0.0, 0.0, 0.93), "lo": (0.95, 0.0, 0.0, 0.85), "my": (0.95, 0.0, 0.0, 0.85)}
OTHER_SCANS = (1.0, 0.0, 0.0, 0.95)


def target(reference: dict) -> tuple[float, ...]:
    """What a document has to reach."""
    if reference["has_text_layer"] is True:
        return TEXT
    if reference["has_text_layer"] == "OCR":
        return LAYERED
    return SCANS.get(reference["language"], OTHER_SCANS)


def table(floors: dict[str, dict], references: dict[str, dict]) -> str:
    """Markdown: a row a document that has a reference, sorted by language, layout and name."""
    rows = []
    for name, floor in floors.items():
        reference = references[name]
        values = [floor[measure] for measure in MEASURES]
        short = [
            f"{measure} < {least:g}"
            for measure, value, least in zip(MEASURES, values, target(reference), strict=True)
            if value is not None and value < least
        ]
        layout = "real PDF" if not reference["rendered_from_text"] else reference["layout"].split()[0]
        shown = ["–" if value is None else f"{value:.3f}" for value in values]
        units = sum(unit["number"][:1].isdigit() for unit in reference["provisions"])
        cells = [reference["language"], layout, name, str(units), *shown, ", ".join(short) or "reached"]
        rows.append((cells[0], cells[1], name, f"| {' | '.join(cells)} |"))
    head = "| language | layout | document | units | recall | precision | heading | text | target |\n"
    return head + "|---" * 9 + "|\n" + "".join(f"{row}\n" for *_, row in sorted(rows))


def made() -> str:
    """The table as the pinned floors have it."""
    floors = json.loads((Path(__file__).parent / "structure_floors.json").read_text("utf-8"))
    return table(floors, {name: json.loads((DEV / f"{name}.structure.json").read_text("utf-8")) for name in floors})


def shown() -> str:
    """The table as docs/parsing.md has it."""
    return DOCS.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]


def main(arguments: list[str]) -> int:
    """The command."""
    if "--write" in arguments:
        text = DOCS.read_text("utf-8")
        DOCS.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: BEGIN + made() + END, text, flags=re.DOTALL), "utf-8")
    else:
        print(made(), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
