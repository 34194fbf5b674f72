from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import click
import pytest
import typer
from laws import ID, PH, SG, pdf
from test_pipeline import BOATS, LAMPS

from lawsearch import cli
from lawsearch.errors import LawsearchError
from lawsearch.run import runs, unread
from lawsearch.settings import Settings

ROOT = Path(__file__).parents[1]
DOC = (ROOT / "docs" / "cli.md").read_text("utf-8")
COMMANDS = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
Run = Callable[..., "Ran"]


class Ran:
    """What a command line printed and its exit status."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> object:
        return json.loads(self.out)


@pytest.fixture
def lawsearch(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, built: Settings,
    model_folders: tuple[Path, Path],
) -> Run:  # fmt: skip
    """Runs a command line as the installed script does, on the built index and its models."""
    monkeypatch.chdir(tmp_path)
    given = {
        "INDEX_DIR": built.index_dir, "MULTILINGUAL_MODEL": model_folders[0], "ENGLISH_MODEL": model_folders[1],
        "CATALOGUE_DIR": ROOT / "corpus" / "catalogue", "THREADS": 1, "PRECISION": "float32",
    }  # fmt: skip
    for name, value in given.items():
        monkeypatch.setenv(f"LAWSEARCH_{name}", str(value))
    monkeypatch.setattr(cli.out, "_width", 400)
    monkeypatch.setattr(cli.err, "_width", 400)

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["lawsearch", *map(str, arguments)])
        capfd.readouterr()
        try:
            cli.main()
        except SystemExit as exit_:
            code = exit_.code or 0
        else:
            code = 0
        printed = capfd.readouterr()
        return Ran(int(code), printed.out, printed.err)

    return run


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_for_itself_and_all_its_parameters(name: str) -> None:
    command = COMMANDS[name]
    assert command.help
    for parameter in command.params:
        assert getattr(parameter, "help", None), parameter.name


def test_every_command_and_option_is_documented_and_no_other() -> None:
    assert set(re.findall(r"^\| `lawsearch ([a-z]+)", DOC, re.MULTILINE)) == set(COMMANDS)
    options = {
        option
        for command in COMMANDS.values()
        for parameter in command.params
        if isinstance(parameter, click.Option) or parameter.param_type_name == "option"
        for option in parameter.opts
        if option != "--help"
    }
    # Of a pair, the one that is not the default is worth a word.
    options = {"--no-index" if option == "--index" else option for option in options}
    documented = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", DOC)) - {"--help"}
    assert documented == options


def test_help_and_wrong_usage(lawsearch: Run) -> None:
    assert lawsearch("--help").code == 0
    assert lawsearch().code == 2
    for wrong in (["fetch"], ["search"], ["search", "lamp", "--limit", "0"], ["search", "lamp", "--colour", "red"]):
        ran = lawsearch(*wrong)
        assert ran.code == 2
        assert ran.err
        assert "Traceback" not in ran.err


def test_search_prints_a_table_and_json(lawsearch: Run) -> None:
    ran = lawsearch("search", "report a broken lamp within 48 hours")
    assert ran.code == 0
    assert f"{PH.id}/en/~sec_10" in ran.out
    assert "no text in the corpus" in ran.out
    found = lawsearch("search", "report a broken lamp within 48 hours", "-j", "ph", "-n", "1", "--json").json
    (answer,) = found["answers"]
    (hit,) = answer["hits"]
    assert (answer["jurisdiction"], hit["provision"]["id"]) == ("ph", f"{PH.id}/en/~sec_10")
    assert found["filters"]["jurisdictions"] == ["ph"]


def test_filters_of_the_command_line_arrive(lawsearch: Run) -> None:
    given = ["--force", "binding", "--kind", "law", "--status", "in force", "-l", "en", "--instrument", ID.id]
    found = lawsearch("search", "lamp", *given, "--year-from", 2040, "--year-to", 2042, "--json").json
    assert {h["provision"]["id"].rsplit("/", 1)[0] for a in found["answers"] for h in a["hits"]} == {f"{ID.id}/en"}
    assert found["filters"] == {
        "jurisdictions": [], "forces": ["binding"], "kinds": ["law"], "statuses": ["in force"], "languages": ["en"],
        "instruments": [ID.id], "year_from": 2040, "year_to": 2042, "topics": [], "as_of": "",
    }  # fmt: skip


def test_counterparts(lawsearch: Run) -> None:
    found = lawsearch("counterparts", f"{SG.id}/~sec_6", "--json").json
    assert found["source"]["id"] == f"{SG.id}/en/~sec_6"
    assert "sg" not in {a["jurisdiction"] for a in found["answers"]}
    assert lawsearch("counterparts", f"{SG.id}/~sec_6").code == 0


def test_show(lawsearch: Run) -> None:
    ran = lawsearch("show", f"{SG.id}/~sec_5")
    assert "Duty to light lamps" in ran.out
    assert "sec_5__subsec_2" in ran.out
    found = lawsearch("show", f"{SG.id}/~sec_5", "--json").json
    assert [c["number"] for c in found["children"]] == ["1", "2", "3"]
    assert found["boxes"][0]["page"] == found["boxes"][0]["page"] > 0


def test_a_citation_stands_for_an_id(lawsearch: Run) -> None:
    assert lawsearch("show", "LKA 2041 s 5(2)", "--json").json["id"] == f"{SG.id}/en/~sec_5__subsec_2"
    found = lawsearch("counterparts", "section 6 of the Lamp Keeping Act", "--json").json
    assert found["source"]["id"] == f"{SG.id}/en/~sec_6"
    part = lawsearch("show", "LKA s 5(9)")
    assert (part.code, "has no part (9)" in part.err, "Duty to light lamps" in part.out) == (0, True, True)


def test_compare(lawsearch: Run) -> None:
    ids = [f"{SG.id}/~sec_5", f"{PH.id}/~sec_5"]
    ran = lawsearch("compare", *ids)
    assert ran.code == 0
    assert "the same words as" in ran.out
    assert len(lawsearch("compare", *ids, "--json").json["provisions"]) == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", f"{SG.id}/~sec_99"], "no provision '/akn/sg/act/2041/3/~sec_99'"),
        (["counterparts", "nonsense"], "no provision 'nonsense'"),
        (["show", "LKA 2041 s 99"], "LKA 2041 has no section 99"),
        (["show", "LKA 2041"], "names an instrument (LKA 2041)"),
        (["show", "section 5"], "'section 5' could be 4 provisions"),
        (["counterparts", f"{SG.id}/~subsec_1"], "could be 3 provisions"),
        (["search", "…"], "no words"),
        (["search", "x" * 30_000], "30000 characters"),
        (["search", "lamp", "-j", "zz"], "jurisdiction 'zz' is not known"),
        (["search", "lamp", "--force", "soft"], "force 'soft' is not known"),
        (["search", "lamp", "--kind", "ukase"], "kind 'ukase' is not known"),
        (["search", "lamp", "--status", "dead"], "status 'dead' is not known"),
        (["search", "lamp", "-l", "klingon"], "language 'klingon' is not known"),
        (["compare", f"{SG.id}/~sec_5"], "1 provisions given"),
        (["parse", "gone.pdf"], "gone.pdf: cannot be read"),
        (["ingest", "."], "no PDF there"),
        (["eval", "gone", "--corpus", "gone"], "gone is not a gold table"),
        (["serve", "--host", "192.0.2.1"], "192.0.2.1:8000 cannot be used"),
    ],
)
def test_an_error_is_one_sentence_on_standard_error(lawsearch: Run, arguments: list[str], said: str) -> None:
    ran = lawsearch(*arguments)
    assert ran.code == 1
    assert said in ran.err
    assert "Traceback" not in ran.err
    assert ran.out.strip() in ("", "0 added, 0 changed, 0 unchanged, 0 failed")


def test_a_wrong_setting_and_a_missing_index_are_errors_too(lawsearch: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAWSEARCH_INDEX_DIR", "nowhere")
    ran = lawsearch("show", f"{SG.id}/~sec_5")
    assert (ran.code, ran.out) == (1, "")
    assert "no index in nowhere" in ran.err
    monkeypatch.setenv("LAWSEARCH_PORT", "http")
    ran = lawsearch("settings")
    assert (ran.code, ran.out) == (1, "")
    assert "'port'" in ran.err


def test_parse_prints_what_the_structure_score_reads(lawsearch: Run, tmp_path: Path) -> None:
    found = lawsearch("parse", pdf(tmp_path / "lamps.pdf", LAMPS), "--json").json
    sections = [p for p in found["provisions"] if p["number"][:1].isdigit()]
    assert [(p["number"], p["heading"]) for p in sections] == [
        ("1", "Short title"),
        ("2", "Duty to light"),
        ("3", "Penalty"),
    ]
    assert sections[1]["text"].splitlines() == [
        "(1) A keeper must light every lamp at dusk.",
        "(2) A lamp must stay lit until sunrise.",
    ]
    for p in sections:
        assert {"number", "heading", "text", "language", "path", "children", "label"} <= set(p)
    assert [c["number"] for c in sections[1]["children"]] == ["1", "2"]
    assert lawsearch("parse", tmp_path / "lamps.pdf").out.count("Short title") >= 1


def test_ingest_reads_indexes_and_says_what_failed(
    lawsearch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAWSEARCH_INDEX_DIR", str(tmp_path / "fresh"))
    monkeypatch.setattr("ingest.pipeline.os.cpu_count", lambda: 1)
    laws = tmp_path / "laws"
    laws.mkdir()
    pdf(laws / "lamps.pdf", LAMPS)
    pdf(laws / "boats.pdf", BOATS)
    ran = lawsearch("ingest", laws)
    assert ran.code == 0
    assert "2 added, 0 changed, 0 unchanged, 0 failed" in ran.out
    assert "3 of 3" in ran.out
    assert "is current" in ran.out
    assert lawsearch("show", "/akn/unknown/doc/lamps/~sec_2").code == 0
    (laws / "bad.pdf").write_text("no")
    ran = lawsearch("ingest", laws, "--no-index")
    assert ran.code == 1
    assert "0 added, 0 changed, 2 unchanged, 1 failed" in ran.out
    assert "bad.pdf: is not a PDF" in ran.err
    assert "is current" not in ran.out
    # The matrix says of whom a text could not be read, and the changes what the run did.
    newest, first = runs(tmp_path / "fresh")
    assert (newest.result, newest.unchanged, newest.switched) == ("ok", 2, False)
    assert newest.by_hand
    assert [(Path(d.path).name, d.state) for d in newest.documents] == [("bad.pdf", "failed")]
    assert (len(first.documents), first.before, first.switched) == (2, "", True)
    assert list(unread(tmp_path / "fresh")) == ["unknown"]
    assert lawsearch("index").code == 0
    monkeypatch.setattr("lawsearch.indexing.build", mock.Mock(side_effect=LawsearchError("no room", "Make some")))
    pdf(laws / "boats.pdf", LAMPS)
    assert lawsearch("ingest", laws).code == 1
    last = next(runs(tmp_path / "fresh"))
    assert (last.result, last.reason) == ("failed", "no room. Make some")


def test_eval_prints_scores_and_keeps_the_run(lawsearch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAWSEARCH_INDEX_DIR", str(tmp_path / "fresh"))
    pdf(tmp_path / "lamps.pdf", LAMPS)
    pdf(tmp_path / "boats.pdf", BOATS)
    gold = tmp_path / "gold"
    gold.mkdir()
    laws = {
        "A": {"file": "lamps.pdf", "jurisdiction": "sg", "language": "en"},
        "B": {"file": "boats.pdf", "jurisdiction": "my", "language": "en"},
    }
    cells = [{"topic": "title", "law": law, "core": ["1"], "related": [], "cell": "core"} for law in "AB"]
    (gold / "laws.json").write_text(json.dumps(laws))
    (gold / "topics.tsv").write_text("title\tShort title of the Act\n")
    (gold / "gold.jsonl").write_text("".join(json.dumps(c) + "\n" for c in cells))
    found = lawsearch("eval", gold, "--corpus", tmp_path, "--out", tmp_path / "run.jsonl", "--json").json
    assert (found["provision"]["n"], found["topic"]["n"]) == (2, 2)
    assert found["provision"]["mrr"] == 1.0
    run = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text("utf-8").splitlines()]
    assert {(line["mode"], line["to"]) for line in run} == {(m, t) for m in ("provision", "topic") for t in "AB"}
    assert found["reliability"]["topic"][0]["n"] > 0
    printed = lawsearch("eval", gold, "--corpus", tmp_path).out
    for words in ("AUROC of no counterpart", "P@1, from law to", "assignment to topics", "mean estimate"):
        assert words in printed
    assert not (tmp_path / "fresh" / "store.db").exists(), "the user's own index is left alone"


def test_the_installed_script_does_not_import_what_it_does_not_need() -> None:
    script = "import sys, lawsearch.cli; print({'torch', 'faiss', 'fastapi', 'pypdfium2'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_what_ocr_reads_is_kept_where_the_settings_say(
    lawsearch: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[object] = []

    def run(*_: object, **options: object) -> list[object]:
        given.append(options["cache"])
        return []

    monkeypatch.setattr("ingest.pipeline.ingest", run)
    monkeypatch.setenv("LAWSEARCH_CACHE_DIR", str(tmp_path / "kept"))
    assert lawsearch("ingest", str(tmp_path)).code == 1
    assert given == [tmp_path / "kept"]
