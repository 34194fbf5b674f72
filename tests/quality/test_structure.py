"""Floors of the parser on reference structures, a document each; skipped where the reference data are not at hand.

The floors stand in ``structure_floors.json`` with a digest of the data they were measured on; see ``floors.py``.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
import unicodedata
from pathlib import Path

import pytest
from floors import fallen, read
from table import made, shown

from ingest.ocr import engine
from ingest.parsing import as_json, parse
from lawsearch.catalogue import load
from lawsearch.errors import DocumentError

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("LAWSEARCH_SHARED") or ROOT.parent / "shared")
DEV, MORE = SHARED / "corpus" / "dev", SHARED / "corpus" / "more"
MEASURES = ("recall", "precision", "heading", "text")
#: What OCR reads differs a little from processor to processor.
SLACK = 0.01

pytestmark = [
    pytest.mark.quality,
    pytest.mark.skipif(not DEV.is_dir(), reason="reference structures are not at hand (LAWSEARCH_SHARED)"),
]


def similarity(a: str, b: str) -> float:
    """1 - edit distance / longer length; difflib's ratio where rapidfuzz is missing."""
    try:
        from rapidfuzz.distance import Levenshtein
    except ImportError:
        return difflib.SequenceMatcher(None, a, b, autojunk=False).ratio()
    return Levenshtein.normalized_similarity(a, b)


def number(text: object) -> str:
    plain = unicodedata.normalize("NFKC", str(text))
    plain = "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in plain)
    return re.sub(r"[\s.]+", "", plain).upper()


def folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text or "").casefold()
    return "".join(c for c in plain if unicodedata.category(c)[0] in "LMN")


def spaceless(text: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFC", text or ""))


def in_order(a: list[str], b: list[str]) -> list[tuple[int, int]]:
    """Index pairs of a longest common subsequence."""
    table = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        for j in range(len(b) - 1, -1, -1):
            table[i][j] = table[i + 1][j + 1] + 1 if a[i] == b[j] else max(table[i + 1][j], table[i][j + 1])
    pairs, i, j = [], 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif table[i + 1][j] >= table[i][j + 1]:
            i += 1
        else:
            j += 1
    return pairs


def score(parsed: dict, reference: dict) -> dict[str, float | None]:
    """Recall, precision, heading and text of parsed sections against the reference, each language by itself."""
    p, r = ([x for x in d["provisions"] if number(x["number"])[:1].isdigit()] for d in (parsed, reference))
    languages = {x.get("language") for x in r}
    pairs = []
    for language in languages if len(languages) > 1 else {None}:
        a = [x for x in p if language is None or x.get("language") == language]
        b = [x for x in r if language is None or x.get("language") == language]
        matched = in_order([number(x["number"]) for x in a], [number(x["number"]) for x in b])
        pairs += [(a[i], b[j]) for i, j in matched]
    heads = [folded(a["heading"]) == folded(b["heading"]) for a, b in pairs if b.get("heading")]
    texts = [similarity(spaceless(a["text"]), spaceless(b["text"])) for a, b in pairs if b.get("text")]
    values = (
        len(pairs) / len(r),
        len(pairs) / len(p) if p else 0.0,
        sum(heads) / len(heads) if heads else None,
        sum(texts) / len(texts) if texts else None,
    )
    return {name: None if v is None else round(v, 4) for name, v in zip(MEASURES, values, strict=True)}


def digest(name: str) -> str:
    """Of the document and its reference structure together."""
    found = hashlib.sha256()
    for suffix in (".pdf", ".structure.json"):
        found.update((DEV / f"{name}{suffix}").read_bytes())
    return found.hexdigest()[:16]


def measured(name: str) -> dict[str, float | None]:
    catalogue = load(ROOT / "corpus" / "catalogue")
    reference = json.loads((DEV / f"{name}.structure.json").read_text("utf-8"))
    return score(as_json(parse(DEV / f"{name}.pdf", catalogue=catalogue)), reference)


def scored() -> list[str]:
    """Documents with a reference."""
    return [
        path.name.removesuffix(".structure.json")
        for path in sorted(DEV.glob("*.structure.json"))
        if json.loads(path.read_text("utf-8"))["provisions"]
    ]


def scanned(name: str) -> bool:
    """Whether a document is read by OCR: it has no text layer, or one that OCR has made."""
    reference = json.loads((DEV / f"{name}.structure.json").read_text("utf-8"))
    return reference.get("has_text_layer") is not True


def measured_rows() -> dict[str, dict[str, object]]:
    """Every scored document as a row of the floors."""
    return {name: {"digest": digest(name), **measured(name)} for name in scored()}


@pytest.mark.parametrize("name", read("structure"))
def test_no_document_falls_below_its_floor(name: str) -> None:
    if scanned(name) and engine() is None:
        pytest.skip("tesseract is not installed")
    found = {"digest": digest(name), **measured(name)}
    assert fallen(name, read("structure")[name], found, SLACK if scanned(name) else 0.0) == []


def test_every_scored_document_has_a_floor() -> None:
    assert set(scored()) == set(read("structure"))


def test_the_table_in_the_docs_is_that_of_the_floors() -> None:
    assert shown() == made(), "python -m tests.quality.table --write"


@pytest.mark.parametrize("path", sorted([*DEV.glob("*.pdf"), *MORE.glob("*.pdf")]), ids=lambda path: path.stem)
def test_every_document_is_processed_or_refused_with_a_reason(path: Path) -> None:
    refused, expressions = "", ()
    try:
        expressions = parse(path)
    except DocumentError as error:
        refused = error.reason
    assert expressions or refused == "is image-only"
    for expression in expressions:
        eids = [p.eid for p in expression.provisions]
        assert len(eids) == len(set(eids))
        assert expression.report["found"] == expression.report["expected"] - len(expression.report["missing"])
        characters = expression.report["characters"]
        assert expression.report["unassigned"] <= 0.02 * sum(characters.values())
