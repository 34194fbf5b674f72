from __future__ import annotations

import os
from pathlib import Path

import pytest
from laws import pdf, picture_pdf
from pypdf import PdfWriter

from ingest.pipeline import ADDED, CHANGED, FAILED, UNCHANGED, Outcome, documents, ingest
from lawsearch.catalogue import Catalogue, load
from lawsearch.store import Store

LAMPS = [
    "**LAMPS ACT 2041**", "An Act to regulate the keeping of lamps.", "**Short title**",
    "1. This Act is the Lamps Act 2041.", "**Duty to light**", "2. (1) A keeper must light every lamp at dusk.",
    "(2) A lamp must stay lit until sunrise.", "**Penalty**", "3. A keeper who fails to light a lamp pays 900 dollars.",
]  # fmt: skip
BOATS = [
    "**BOATS ACT 2042**", "An Act to regulate boats.", "**Short title**", "1. This Act is the Boats Act 2042.",
    "**Nets**", "2. Nets must be mended before the rains.", "**Sails**", "3. A sail must be dry.",
]  # fmt: skip
SIDECAR = 'id = "/akn/sg/act/2041/3"\njurisdiction = "sg"\nkind = "act"\ntitle = "Lamps Act"\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "laws"
    folder.mkdir()
    pdf(folder / "lamps.pdf", LAMPS)
    pdf(folder / "boats.pdf", BOATS)
    return folder


def run(store_path: Path, *paths: Path, catalogue: Catalogue | None = None) -> dict[str, Outcome]:
    with Store(store_path) as store:
        return {o.path.name: o for o in ingest(paths, store, catalogue, workers=1)}


def states(outcomes: dict[str, Outcome]) -> dict[str, str]:
    return {name: o.state for name, o in outcomes.items()}


def kept(store_path: Path) -> tuple[str, list[str]]:
    with Store(store_path) as store:
        return store.digest(), [u.id for u in store.units()]


def test_added_unchanged_changed(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    first = run(store, folder)
    assert states(first) == {"boats.pdf": ADDED, "lamps.pdf": ADDED}
    assert first["lamps.pdf"].instrument == "/akn/unknown/doc/lamps"
    assert first["lamps.pdf"].reports[0][1]["found"] == 3
    before = kept(store)
    assert "/akn/unknown/doc/lamps/en/~sec_2" in before[1]
    assert states(run(store, folder)) == {"boats.pdf": UNCHANGED, "lamps.pdf": UNCHANGED}
    assert kept(store) == before
    pdf(folder / "lamps.pdf", LAMPS[:-2])
    assert states(run(store, folder)) == {"boats.pdf": UNCHANGED, "lamps.pdf": CHANGED}
    assert "/akn/unknown/doc/lamps/en/~sec_3" in before[1]
    assert "/akn/unknown/doc/lamps/en/~sec_3" not in kept(store)[1]


def test_a_file_named_in_another_script_is_read_once_under_an_id_of_its_own(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    pdf(folder / "ตะเกียง.pdf", LAMPS)
    first = run(store, folder)
    assert states(first) == {"boats.pdf": ADDED, "lamps.pdf": ADDED, "ตะเกียง.pdf": ADDED}
    assert len({o.instrument for o in first.values()}) == 3
    assert set(states(run(store, folder)).values()) == {UNCHANGED}


def test_a_new_sidecar_or_catalogue_reads_the_file_again(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    run(store, folder)
    (folder / "lamps.toml").write_text(SIDECAR)
    assert states(run(store, folder)) == {"boats.pdf": UNCHANGED, "lamps.pdf": CHANGED}
    with Store(store) as opened:
        assert set(opened.instruments()) == {"/akn/sg/act/2041/3", "/akn/unknown/doc/boats"}
    table = '[[instrument]]\nid = "/akn/my/act/2042/1"\njurisdiction = "my"\nrecognise = [["BOATS ACT 2042"]]\n'
    (tmp_path / "catalogue").mkdir()
    (tmp_path / "catalogue" / "my.toml").write_text(table)
    found = run(store, folder, catalogue=load(tmp_path / "catalogue"))
    assert set(states(found).values()) == {CHANGED}
    assert found["boats.pdf"].instrument == "/akn/my/act/2042/1"
    assert found["lamps.pdf"].instrument == "/akn/sg/act/2041/3"


def make_bad(folder: Path) -> dict[str, str]:
    """Files that cannot be read, and the reason that each must be given."""
    good = (folder / "lamps.pdf").read_bytes()
    (folder / "cut.pdf").write_bytes(good[: len(good) // 2])
    (folder / "letter.pdf").write_text("Dear Sir or Madam, this is a letter.")
    (folder / "nothing.pdf").write_bytes(b"")
    picture_pdf(folder / "scan.pdf")
    pdf(folder / "blank.pdf", [""])
    with PdfWriter(clone_from=folder / "lamps.pdf") as writer:
        writer.encrypt("secret", algorithm="RC4-128")
        writer.write(folder / "secret.pdf")
    pdf(folder / "wrong.pdf", BOATS)
    (folder / "wrong.toml").write_text('id = "/akn/sg/act/1/1"\nforce = "soft"\n')
    return {
        "cut.pdf": "is truncated", "letter.pdf": "is not a PDF", "nothing.pdf": "is empty", "scan.pdf": "is image-only",
        "blank.pdf": "has no text", "secret.pdf": "is encrypted", "wrong.pdf": "force 'soft' is not known",
    }  # fmt: skip


def test_a_file_that_cannot_be_read_is_named_with_the_reason_while_others_go_on(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    bad = make_bad(folder)
    found = run(store, folder, tmp_path / "gone.pdf")
    for name, reason in {**bad, "gone.pdf": "cannot be read"}.items():
        assert found[name].state == FAILED
        assert reason in found[name].reason, name
        assert name.split(".")[0] in found[name].reason
        assert found[name].reason.endswith((" again", "folder", "text", "PDF", "permissions", "unknown")), name
    assert states(found) | dict.fromkeys(bad, FAILED) == states(found)
    assert {name for name, o in found.items() if o.state == ADDED} == {"lamps.pdf", "boats.pdf"}
    assert {key.split("/")[4] for key in kept(store)[1]} == {"lamps", "boats"}


def test_a_file_that_cannot_be_read_is_of_the_instrument_that_its_sidecar_names(folder: Path, tmp_path: Path) -> None:
    make_bad(folder)
    (folder / "scan.toml").write_text('id = "/akn/la/law/2030/1"\njurisdiction = "la"\n')
    found = run(tmp_path / "store.db", folder)
    assert {name: o.instrument for name, o in found.items() if o.state == FAILED} == dict.fromkeys(
        ("cut.pdf", "letter.pdf", "nothing.pdf", "blank.pdf", "secret.pdf", "wrong.pdf"), ""
    ) | {"scan.pdf": "/akn/la/law/2030/1"}


def test_a_file_that_became_unreadable_keeps_what_was_read_of_it(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    run(store, folder)
    before = kept(store)
    (folder / "lamps.pdf").write_bytes(b"")
    assert states(run(store, folder)) == {"boats.pdf": UNCHANGED, "lamps.pdf": FAILED}
    assert kept(store) == before
    pdf(folder / "lamps.pdf", LAMPS)
    assert states(run(store, folder))["lamps.pdf"] == UNCHANGED


def test_a_parser_that_stumbles_stops_nothing_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest import pipeline

    def stumbling(path: Path, **given: object) -> object:
        if path.name == "boats.pdf":
            raise ZeroDivisionError("of all things")
        return parse(path, **given)

    parse = pipeline.parse
    monkeypatch.setattr(pipeline, "parse", stumbling)
    found = run(tmp_path / "store.db", folder)
    assert states(found) == {"boats.pdf": FAILED, "lamps.pdf": ADDED}
    assert "ZeroDivisionError: of all things" in found["boats.pdf"].reason


def test_two_copies_of_one_law_conflict_and_the_first_stays(folder: Path, tmp_path: Path) -> None:
    pdf(folder / "other.pdf", LAMPS)
    for name in ("lamps", "other"):
        (folder / f"{name}.toml").write_text(SIDECAR)
    found = run(tmp_path / "store.db", folder)
    assert states(found) == {"boats.pdf": ADDED, "lamps.pdf": ADDED, "other.pdf": FAILED}
    assert "lamps.pdf" in found["other.pdf"].reason


def test_ids_and_digest_do_not_depend_on_the_order_of_files(folder: Path, tmp_path: Path) -> None:
    pdf(folder / "lamps2.pdf", [*LAMPS, "**Oil**", "4. Lamp oil must be clean."])
    files = documents([folder])
    stores = [tmp_path / "one.db", tmp_path / "two.db", tmp_path / "three.db"]
    run(stores[0], *files)
    run(stores[1], *reversed(files))
    for file in files[1:] + files[:1]:
        run(stores[2], file)
    assert kept(stores[0]) == kept(stores[1]) == kept(stores[2])


def test_several_processes_find_the_same(folder: Path, tmp_path: Path) -> None:
    run(tmp_path / "one.db", folder)
    told: list[tuple[str, int, int]] = []
    make_bad(folder)
    with Store(tmp_path / "two.db") as store:
        outcomes = ingest([folder], store, None, lambda o, i, n: told.append((o.path.name, i, n)), workers=2)
    assert kept(tmp_path / "one.db") == kept(tmp_path / "two.db")
    assert [(i, n) for _, i, n in told] == [(i, 9) for i in range(1, 10)]
    assert {o.path.name for o in outcomes} == {name for name, _, _ in told}


def test_documents_are_found_below_folders_each_once(folder: Path) -> None:
    (folder / "deep" / "er").mkdir(parents=True)
    pdf(folder / "deep" / "er" / "x.PDF", BOATS)
    (folder / "notes.txt").write_text("x")
    (folder / "dir.pdf").mkdir()
    relative = Path(os.path.relpath(folder / "boats.pdf"))
    found = documents([folder, folder / "lamps.pdf", relative, folder / "deep" / ".." / "lamps.pdf"])
    assert found == [folder / "boats.pdf", folder / "deep" / "er" / "x.PDF", folder / "lamps.pdf"]
    assert documents([folder / "gone"]) == [folder / "gone"]
