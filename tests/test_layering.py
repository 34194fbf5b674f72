"""Which module may know of which, read off the import statements wherever in a file they stand."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Layers of the core from the bottom; a module imports those of its own and of lower layers.
LAYERS = (
    (
        "errors",
        "text",
        "vocabulary",
        "checkpoint",
        "graph",
        "mapped",
        "ids",
        "vectors",
        "answer",
        "instrument",
        "provision",
        "tracing",
        "turns",
        "run",
        "nodes",
    ),
    (
        "trust",
        "language",
        "settings",
        "lock",
        "orders",
        "logs",
        "delivery",
        "renumbering",
        "journal",
        "sums",
        "store",
        "decision",
        "desk",
        "lexicon",
        "milvus",
        "concepts",
        "embedding",
        "bags",
        "views",
        "alignment",
        "modality",
        "parameter",
    ),
    ("catalogue", "topic", "coverage", "citation", "register", "reference", "facets"),
    (
        "generation",
        "integrity",
        "history",
        "former",
        "ranking",
        "bridges",
        "grading",
        "matching",
        "linking",
        "confidence",
        "assignment",
        "indexing",
        "comparison",
        "matrix",
    ),
    ("search", "correspondence"),
    (
        "evaluation",
        "verification",
        "queries",
        "schemas",
        "findings",
        "synopsis",
        "replies",
        "service",
        "pictures",
        "concordance",
        "changes",
        "metrics",
        "health",
    ),
    (
        "edge",
        "drawing",
        "openapi",
        "web",
        "api",
        "permission",
        "tables",
        "concordances",
        "verdicts",
        "matrices",
        "workspaces",
        "spreadsheet",
        "typesetting",
        "export",
        "intake",
        "desk_api",
        "desk_pages",
        "feed",
        "changes_api",
        "changes_pages",
        "agents",
        "handbook",
    ),
    ("console", "operating", "drafting", "following", "upkeep", "serving", "cli"),
)
CORE = {name for layer in LAYERS[:5] for name in layer} | {"evaluation"}
FILES = {
    **{f"lawsearch.{p.stem}": p for p in (ROOT / "src" / "lawsearch").glob("*.py") if p.stem != "__init__"},
    **{f"ingest.{p.stem}": p for p in (ROOT / "ingest").glob("*.py") if p.stem != "__init__"},
}


def imported(path: Path) -> set[str]:
    """Dotted names of everything that a file imports, with ``from a import b`` as ``a`` and ``a.b``."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def parts(names: set[str], package: str) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith(package + ".")}


def test_every_module_has_its_layer() -> None:
    modules = {name.split(".")[1] for name in FILES if name.startswith("lawsearch.")}
    assert modules == {name for layer in LAYERS for name in layer}


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith("lawsearch.")])
def test_no_module_imports_a_higher_one(name: str) -> None:
    level = {module: i for i, layer in enumerate(LAYERS) for module in layer}
    own = level[name.split(".")[1]]
    theirs = {part for part in parts(imported(FILES[name]), "lawsearch") if part in level}
    assert {part for part in theirs if level[part] > own} == set()


@pytest.mark.parametrize("name", sorted(CORE))
def test_the_core_knows_neither_pdfs_nor_http_nor_the_command_line(name: str) -> None:
    roots = {found.split(".")[0] for found in imported(FILES[f"lawsearch.{name}"])}
    assert not roots & {"ingest", "fastapi", "starlette", "uvicorn", "typer", "rich", "jinja2"}
    assert not roots & {"pypdf", "pypdfium2", "pdf_oxide"}


@pytest.mark.parametrize("name", [n for n in FILES if n.startswith("ingest.")])
def test_ingest_knows_the_words_of_the_field_only(name: str) -> None:
    found = imported(FILES[name])
    assert parts(found, "lawsearch") & {n for layer in LAYERS for n in layer} <= {
        "catalogue", "errors", "instrument", "language", "nodes", "provision", "run", "settings", "store", "text",
        "trust", "vocabulary",
    }  # fmt: skip
    assert not {f.split(".")[0] for f in found} & {"torch", "faiss", "sentence_transformers", "fastapi", "typer"}


def test_only_the_command_line_puts_ingest_and_search_together() -> None:
    users = {name for name, path in FILES.items() if name.startswith("lawsearch.") and "ingest" in
             {found.split(".")[0] for found in imported(path)}}  # fmt: skip
    assert users <= {"lawsearch.operating", "lawsearch.serving", "lawsearch.upkeep"}


def test_no_module_imports_itself_in_a_circle() -> None:
    edges = {name: {f for f in imported(path) if f in FILES} - {name} for name, path in FILES.items()}
    left = dict(edges)
    while free := {name for name, needs in left.items() if not needs & set(left)}:
        left = {name: needs for name, needs in left.items() if name not in free}
    assert not left, f"circle among {sorted(left)}"


def test_every_module_is_on_the_map() -> None:
    named = set(re.findall(r"`([a-z_]+)`", (ROOT / "docs" / "architecture.md").read_text("utf-8")))
    assert {name.split(".")[1] for name in FILES} <= named
