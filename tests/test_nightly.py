from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import nights
import pytest
from laws import pdf
from nights import Hashed, plan, served, settings_of, work, write
from site_at_fault import Site, reply

from ingest.fetching import Fetched
from ingest.nightly import gone, night, waiting
from lawsearch import cli, orders, run
from lawsearch.decision import Decision
from lawsearch.desk import Desk
from lawsearch.embedding import Models
from lawsearch.errors import GenerationError, InUseError, LawsearchError, NotFoundError
from lawsearch.generation import Generation, current_name, generations_dir, names
from lawsearch.indexing import build
from lawsearch.lock import alone
from lawsearch.run import FAILED, OK, Document, Phase, Run
from lawsearch.settings import Settings
from lawsearch.store import Store
from lawsearch.verification import roll_back

ROOT = Path(__file__).parents[1]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A watched folder with three laws; nothing is indexed yet."""
    write(tmp_path / "laws")
    return settings_of(tmp_path)


def laws(settings: Settings) -> Path:
    return settings.watched_dirs[0]


def states(found: Run) -> dict[str, str]:
    return {Path(d.path).stem: d.state for d in found.documents}


# -- a night ------------------------------------------------------------------------------------------------------


def test_a_first_night_reads_and_serves_everything(settings: Settings) -> None:
    found = night(plan(settings, nights.models()))
    assert (found.result, found.reason, found.before) == (OK, "", "")
    assert found.after == current_name(settings.index_dir)
    assert found.switched
    assert states(found) == dict.fromkeys(nights.LAWS, "added")
    assert {d.instrument for d in found.documents} == {work(name) for name in nights.LAWS}
    assert len(served(settings)) == sum(len(sections) for _, _, sections in nights.LAWS.values())
    entered = [p.name for p in found.phases]
    wanted = ["reading", "snapshot", "embedding provisions", "linking", "topics", "checking", "switching"]
    assert [name for name in entered if name in wanted] == wanted
    assert list(run.runs(settings.index_dir)) == [found]


def test_a_night_without_news_changes_nothing(settings: Settings) -> None:
    first = night(plan(settings, nights.models()))
    by = nights.models()
    second = night(plan(settings, by))
    assert (second.result, second.before, second.after) == (OK, first.after, first.after)
    assert not second.switched
    assert (second.documents, second.unchanged) == ((), len(nights.LAWS))
    assert by.multilingual.embedded == []
    assert names(settings.index_dir) == [first.after]
    assert run.last_good(settings.index_dir) == second


def test_only_new_text_is_embedded(settings: Settings) -> None:
    night(plan(settings, nights.models()))
    write(laws(settings), "second", only=["boats"])
    by = nights.models()
    found = night(plan(settings, by))
    assert states(found) == {"boats": "changed"}
    assert found.switched
    new = [text for text in by.multilingual.embedded if "edition second" in text]
    # What is checked before the switch is embedded anew on purpose: a few stored provisions, and a question.
    assert len(set(by.multilingual.embedded) - set(new)) <= 10
    assert not {t for t in by.english.embedded if "edition first" in t}


def test_a_document_that_cannot_be_read_stops_nothing(settings: Settings) -> None:
    (laws(settings) / "letter.pdf").write_text("Dear Sir or Madam")
    found = night(plan(settings, nights.models()))
    assert found.result == OK
    assert states(found)["letter"] == "failed"
    assert any("is not a PDF" in d.reason for d in found.documents)
    assert len({key.split("/~")[0] for key in served(settings)}) == len(nights.LAWS)


def test_what_could_not_be_fetched_is_told_and_what_was_not_news_is_not(settings: Settings) -> None:
    def fetch() -> list[Fetched]:
        return [
            Fetched("/akn/sg/act/1", "failed", "http://x: the server answered 500"),
            Fetched("/akn/sg/act/2", "unchanged", moved="http://y"), Fetched("/akn/sg/act/3", "page", "no PDF"),
            Fetched("/akn/sg/act/4", "held", "changed by hand", Path("four.pdf")),
        ]  # fmt: skip

    found = night(plan(settings, nights.models(), fetch=fetch))
    told = {d.instrument: d.state for d in found.documents if d.state != "added"}
    assert told == {"/akn/sg/act/1": "not fetched", "/akn/sg/act/4": "held"}
    assert found.result == OK
    assert "/akn/sg/act/2: its address has moved to http://y" in found.warnings[0]
    assert found.phases[0].name == "fetching"


# -- what is gone -------------------------------------------------------------------------------------------------


def removing(settings: Settings) -> Callable[[Store, str], object]:
    from lawsearch.upkeep import _taken_out

    return lambda store, path: _taken_out(settings, store, path)


def test_a_law_whose_file_is_gone_is_told_and_kept(settings: Settings) -> None:
    night(plan(settings, nights.models()))
    before = served(settings)
    (laws(settings) / "boats.pdf").unlink()
    found = night(plan(settings, nights.models()))
    assert states(found) == {"boats": "gone"}
    assert "lawsearch remove" in found.documents[0].reason
    assert (found.result, found.unchanged) == (OK, 2)
    assert served(settings) == before


def test_it_is_removed_where_that_is_wanted(settings: Settings) -> None:
    night(plan(settings, nights.models()))
    (laws(settings) / "boats.pdf").unlink()
    found = night(plan(settings, nights.models(), remove=removing(settings)))
    assert (found.result, states(found)) == (OK, {"boats": "removed"})
    assert not [key for key in served(settings) if key.startswith(work("boats"))]
    assert orders.load(settings.index_dir) == orders.Orders({})


def test_a_moved_file_is_not_gone(settings: Settings) -> None:
    night(plan(settings, nights.models()))
    (laws(settings) / "deep").mkdir()
    for kind in ("pdf", "toml"):
        (laws(settings) / f"boats.{kind}").rename(laws(settings) / "deep" / f"boats.{kind}")
    found = night(plan(settings, nights.models(), remove=removing(settings)))
    assert states(found) == {"boats": "added"}
    with Store(settings.store_path) as store:
        assert gone([laws(settings)], store) == []


@pytest.mark.parametrize("what", ["folder", "files"])
def test_a_disk_that_is_not_there_removes_nothing(settings: Settings, what: str) -> None:
    night(plan(settings, nights.models()))
    before = served(settings)
    for path in laws(settings).iterdir():
        path.unlink()
    if what == "folder":
        laws(settings).rmdir()
    found = night(plan(settings, nights.models(), remove=removing(settings)))
    assert found.result == FAILED
    assert str(laws(settings)) in found.reason
    assert "disk" in found.reason
    assert served(settings) == before
    with Store(settings.store_path) as store:
        assert len(store.instruments()) == len(nights.LAWS)


# -- what is checked ----------------------------------------------------------------------------------------------


def shorten(settings: Settings, keep: int) -> None:
    """Let the first law lose all but some of its sections."""
    pdf(laws(settings) / "lamps.pdf", [
        "**LAMP KEEPING ACT 2041**", "An Act of a made-up state.",
        *(line for n, (heading, text) in enumerate(nights.LAWS["lamps"][2][:keep], 1)
          for line in (f"**{heading}**", f"{n}. {text} (edition first).")),
    ])  # fmt: skip


@pytest.mark.parametrize(("keep", "share", "result"), [(4, 0.2, OK), (3, 0.2, FAILED), (3, 0.4, OK)])
def test_a_law_that_lost_much_fails_the_night(settings: Settings, keep: int, share: float, result: str) -> None:
    settings = settings.model_copy(update={"lost_share": share})
    night(plan(settings, nights.models()))
    before = served(settings)
    shorten(settings, keep)
    found = night(plan(settings, nights.models()))
    assert found.result == result
    if result == FAILED:
        assert f"{work('lamps')} (en) lost 2 of 6 provisions" in found.reason
        assert "--accept" in found.reason
        assert (served(settings), found.after) == (before, found.before)
        assert list(generations_dir(settings.index_dir).iterdir()) == [
            generations_dir(settings.index_dir) / found.after
        ]
        again = night(plan(settings, nights.models()))
        assert again.result == FAILED, "nothing has been said"
        assert night(plan(settings, nights.models(), [work("boats")])).result == FAILED, "of another law it has"
        assert night(plan(settings, nights.models(), [work("lamps")])).result == OK
    assert len([key for key in served(settings) if key.startswith(work("lamps"))]) == keep


def test_a_law_that_became_another_is_lost(settings: Settings) -> None:
    night(plan(settings, nights.models()))
    beside = laws(settings) / "lamps.toml"
    beside.write_text(beside.read_text().replace("2041/1", "2041/9"))
    found = night(plan(settings, nights.models()))
    assert found.result == FAILED
    assert f"{work('lamps')} (en) lost 6 of 6 provisions" in found.reason


def test_renumbered_sections_are_not_lost(settings: Settings) -> None:
    night(plan(settings, nights.models()))
    lines = ["**LAMP KEEPING ACT 2041**", "An Act of a made-up state.", "**Words**", "1. A lamp is what gives light."]
    for n, (heading, text) in enumerate(nights.LAWS["lamps"][2], 2):
        lines += [f"**{heading}**", f"{n}. {text} (edition first)."]
    pdf(laws(settings) / "lamps.pdf", lines)
    assert night(plan(settings, nights.models())).result == OK


class Forgetful(Hashed):
    """A model whose answers are another's every time it is asked."""

    def encode(self, texts: object, **given: object) -> object:
        return -super().encode(texts, **given)  # type: ignore[arg-type]


def test_provisions_that_do_not_find_themselves_fail_the_night(settings: Settings) -> None:
    night(plan(settings, nights.models()))
    before = current_name(settings.index_dir)
    write(laws(settings), "second", only=["boats"])
    found = night(plan(settings, Models(Forgetful("all"), Hashed("en"))))  # type: ignore[arg-type]
    assert found.result == FAILED
    assert "does not find itself by its meaning" in found.reason
    assert found.after == before


GOLD = {
    "laws.json": json.dumps({
        "S": {"file": "x/lamps.pdf", "jurisdiction": "sg", "language": "en"},
        "M": {"file": "x/lights.pdf", "jurisdiction": "my", "language": "en"},
        "N": {"file": "x/not-here.pdf", "jurisdiction": "th", "language": "en"},
    }),
    "topics.tsv": "broken\tnotice of a broken lamp\n",
    "gold.jsonl": "".join(
        json.dumps({"topic": "broken", "law": law, "cell": "core", "core": ["3"], "related": []}) + "\n"
        for law in ("S", "M")
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("floors", "reason"),
    [
        ("[provision]\nmrr = 0.1\n", ""),
        ("[provision]\nmrr = 1.1\n", ", below 1.1"),
        ("[provision]\nglory = 1\n", "provision glory cannot be measured"),
        ("[provision", "floors.toml cannot be read"),
    ],
)
def test_quality_floors_on_a_gold_table(settings: Settings, tmp_path: Path, floors: str, reason: str) -> None:
    gold = tmp_path / "gold"
    gold.mkdir()
    for name, text in {**GOLD, "floors.toml": floors}.items():
        (gold / name).write_text(text)
    settings = settings.model_copy(update={"gold_dir": gold})
    found = night(plan(settings, nights.models()))
    assert found.result == (FAILED if reason else OK)
    assert reason in found.reason
    assert bool(current_name(settings.index_dir)) == (not reason)


# -- failures -----------------------------------------------------------------------------------------------------


def full(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/srv/index/whole.npy")


def locked(*_: object, **__: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def refused(*_: object, **__: object) -> None:
    raise LawsearchError("the model is not there", "Name another")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (full, "/srv/index/whole.npy: No space left on device. Make room on the disk"),
        (locked, "database or disk is full"), (refused, "the model is not there. Name another"),
        (lambda *_: 1 / 0, "ZeroDivisionError: division by zero"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", ["fetch", "read", "build", "remove"])
def test_a_failure_anywhere_keeps_what_is_served(
    settings: Settings, place: str, failure: Callable[..., None], reason: str
) -> None:
    night(plan(settings, nights.models()))
    before = served(settings)
    write(laws(settings), "second")
    (laws(settings) / "boats.pdf").unlink()
    told: list[Run] = []
    found = night(plan(settings, nights.models(), after=[told.append], **{place: failure}))
    assert found.result == FAILED
    assert reason in found.reason
    assert served(settings) == before
    assert told == [found] == [next(run.runs(settings.index_dir))]
    assert night(plan(settings, nights.models())).result == OK
    assert any("edition second" in text for text in served(settings).values())


@pytest.mark.parametrize(
    "place", ["snapshot", "seal", "Lexicon.build", "VectorIndex.build", "switch", "Bags.build", "os.replace"]
)
def test_a_disk_that_runs_full_while_building_leaves_nothing_behind(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    night(plan(settings, nights.models()))
    before, folders = served(settings), names(settings.index_dir)
    write(laws(settings), "second")
    where = {"snapshot": "lawsearch.indexing.Store.snapshot", "seal": "lawsearch.integrity.seal"}
    with monkeypatch.context() as patched:
        if place == "os.replace":
            replaces = os.replace
            patched.setattr(
                os, "replace", lambda a, b: full() if ".building-" in str(a) else replaces(a, b)
            )  # fmt: skip
        else:
            patched.setattr(where.get(place, f"lawsearch.indexing.{place}"), full)
        found = night(plan(settings, nights.models()))
    assert (found.result, found.after) == (FAILED, found.before)
    assert "Make room on the disk" in found.reason
    assert served(settings) == before
    left = [p.name for p in generations_dir(settings.index_dir).iterdir() if p.name.startswith(".")]
    assert left == []
    # What was whole when the last step failed is kept, and takes no part.
    assert set(names(settings.index_dir)) - set(folders) == set() or place == "switch"
    assert night(plan(settings, nights.models())).result == OK
    assert any("edition second" in text for text in served(settings).values())


def in_a_process_of_its_own(task: Callable[[], str]) -> str:
    """What a task says in a forked process, which it may spoil."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(source)
            said = task()
        except BaseException as error:
            said = f"{type(error).__name__}: {error}"
        os.write(sink, said.encode())
        os._exit(0)
    os.close(sink)
    with os.fdopen(source) as file:
        said = file.read()
    os.waitpid(child, 0)
    return said


@pytest.mark.skipif(sys.platform == "win32", reason="limits of a process are POSIX's")
@pytest.mark.parametrize("largest", [0, 1_000, 9_000, 30_000, 70_000])
def test_files_that_cannot_grow_are_a_full_disk(settings: Settings, largest: int) -> None:
    import resource

    night(plan(settings, nights.models()))
    before = served(settings)
    write(laws(settings), "second")

    def limited() -> str:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        found = night(plan(settings, nights.models()))
        return f"{found.result} {found.reason}"

    said = in_a_process_of_its_own(limited)
    assert said.startswith((f"{FAILED} ", "LawsearchError: ")), said
    assert served(settings) == before
    assert night(plan(settings, nights.models())).result == OK
    assert any("edition second" in text for text in served(settings).values())


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of folders are POSIX's")
def test_an_index_folder_that_can_only_be_read_is_named(settings: Settings) -> None:
    night(plan(settings, nights.models()))
    before = served(settings)
    write(laws(settings), "second")
    folder = settings.index_dir

    def unprivileged() -> str:
        if os.getuid() == 0:
            for above in folder.resolve().parents:
                if any("pytest" in part for part in above.parts):
                    above.chmod(0o755)
            for path in folder.rglob("*"):
                path.chmod(0o755)
            os.setgid(65534)
            os.setuid(65534)
        else:
            folder.chmod(0o555)
        with alone(folder, "nightly"):
            return night(plan(settings, nights.models())).reason

    said = in_a_process_of_its_own(unprivileged)
    folder.chmod(0o755)
    assert f"{folder} cannot be written: Permission denied" in said
    assert served(settings) == before


# -- one at a time ------------------------------------------------------------------------------------------------

HOLDER = """
import sys, time
from pathlib import Path
from lawsearch.lock import alone
with alone(Path(sys.argv[1]), "nightly"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def holder(settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock of the index."""
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(settings.index_dir)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_a_second_run_names_the_owner_and_a_dead_owner_holds_nothing(
    settings: Settings, holder: subprocess.Popen[str]
) -> None:
    with pytest.raises(InUseError) as caught, alone(settings.index_dir, "index"):
        pass
    assert f"'nightly' (process {holder.pid} on " in str(caught.value)
    with pytest.raises(InUseError):
        build(settings, nights.models())
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    with alone(settings.index_dir, "nightly"):
        facts = json.loads((settings.index_dir / "run.owner").read_text())
        assert (facts["pid"], facts["task"]) == (os.getpid(), "nightly")
        # A command that calls another is no second run.
        with alone(settings.index_dir, "index"):
            pass
        assert json.loads((settings.index_dir / "run.owner").read_text())["task"] == "nightly"


def test_a_killed_run_says_where_it_was(settings: Settings) -> None:
    started = "2041-05-01T02:15:00.000+00:00"
    run.save(settings.index_dir, Run(started=started, phases=(Phase("reading", 2.0), Phase("linking"))))
    (generations_dir(settings.index_dir) / ".building-99").mkdir(parents=True)
    assert night(plan(settings, nights.models())).result == OK
    killed = next(r for r in run.runs(settings.index_dir) if r.started == started)
    assert (killed.result, killed.finished) == (FAILED, "")
    assert "'linking'" in killed.reason
    assert len(list(generations_dir(settings.index_dir).iterdir())) == 1


# -- records ------------------------------------------------------------------------------------------------------


def test_records_are_read_as_they_were_written_the_newest_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "KEPT", 3)
    made = [
        Run(
            started=f"2041-05-0{n}T02:15:00.000+00:00", finished="x", result=OK if n % 2 else FAILED, reason="r",
            phases=(Phase("reading", 1.5),), documents=(Document("a.pdf", "added", "", "/akn/x"),), unchanged=n,
            before="b", after="a", warnings=("w",),
        )
        for n in range(1, 6)
    ]  # fmt: skip
    for one in made:
        run.save(tmp_path, one)
    assert list(run.runs(tmp_path)) == made[:1:-1]
    assert run.last_good(tmp_path) == made[4]
    (tmp_path / "runs" / "20410507.json").write_text("{")
    assert list(run.runs(tmp_path)) == made[:1:-1]
    assert list(run.runs(tmp_path / "nowhere")) == []
    assert run.last_good(tmp_path / "nowhere") is None


def test_a_teller_that_fails_undoes_nothing(settings: Settings) -> None:
    told: list[Run] = []
    found = night(plan(settings, nights.models(), after=[refused, told.append]))
    assert found.result == OK
    assert "the model is not there" in found.warnings[0]
    assert [t.after for t in told] == [found.after]
    assert list(run.runs(settings.index_dir)) == [found]


# -- the way back -------------------------------------------------------------------------------------------------


@pytest.fixture
def three(settings: Settings) -> tuple[Settings, list[str]]:
    """Three generations of three editions."""
    settings = settings.model_copy(update={"keep_generations": 3})
    made = []
    for edition in ("first", "second", "third"):
        write(laws(settings), edition)
        made.append(night(plan(settings, nights.models())).after)
    return settings, made


def says(settings: Settings, edition: str) -> bool:
    return all(f"edition {edition}" in text for text in served(settings).values())


def test_a_rollback_holds_until_there_is_news(three: tuple[Settings, list[str]]) -> None:
    settings, (first, second, third) = three
    assert roll_back(settings.index_dir) == second
    assert says(settings, "second")
    for _ in range(2):
        found = night(plan(settings, nights.models()))
        assert (found.result, found.after, found.switched) == (OK, second, False)
    assert build(settings, nights.models()) == second
    assert roll_back(settings.index_dir) == first, "not the one that was left"
    assert night(plan(settings, nights.models())).after == first
    write(laws(settings), "fourth")
    found = night(plan(settings, nights.models()))
    assert found.switched
    assert says(settings, "fourth")
    # What was rolled back from is no place to go back to.
    assert names(settings.index_dir) == [first, *names(settings.index_dir)[1:]]
    assert third not in names(settings.index_dir) or second not in names(settings.index_dir)
    assert orders.load(settings.index_dir) == orders.Orders({})


def test_an_index_that_was_left_can_be_wanted_again(three: tuple[Settings, list[str]]) -> None:
    settings, (first, _, third) = three
    assert roll_back(settings.index_dir, first) == first
    assert says(settings, "first")
    assert roll_back(settings.index_dir, third) == third
    assert night(plan(settings, nights.models())).after == third
    roll_back(settings.index_dir, first)
    again = build(settings, nights.models(), force=True)
    assert again not in three[1]
    assert says(settings, "third")


def test_there_is_not_always_a_way_back(three: tuple[Settings, list[str]], tmp_path: Path) -> None:
    settings, (first, second, third) = three
    with pytest.raises(NotFoundError, match=f"Besides {third} are kept: {first}, {second}"):
        roll_back(settings.index_dir, "20400101T000000")
    with pytest.raises(NotFoundError):
        roll_back(settings.index_dir, third)
    parts = generations_dir(settings.index_dir) / second / "parts.npy"
    parts.write_bytes(parts.read_bytes()[:-1] + b"?")
    with pytest.raises(GenerationError, match=r"parts\.npy"):
        roll_back(settings.index_dir)
    assert current_name(settings.index_dir) == third
    roll_back(settings.index_dir, first)
    with pytest.raises(GenerationError, match="keeps no generation before"):
        roll_back(settings.index_dir)
    with pytest.raises(GenerationError, match="keeps no generation"):
        roll_back(tmp_path / "nowhere")


def test_what_is_read_by_hand_stands_beside_the_nights(tmp_path: Path) -> None:
    night = Run(
        started="2041-05-01T02:15:00.000+00:00", finished="x", result=OK, phases=(Phase("reading"),),
        documents=(Document("a.pdf", "failed", "", "/akn/sg/x"), Document("b.pdf", "failed", "", "/akn/my/x")),
    )  # fmt: skip
    by_hand = Run(
        started="2041-05-02T09:00:00.000+00:00", finished="x", result=OK, by_hand=True,
        documents=(Document("b.pdf", "added", "", "/akn/my/x"), Document("c.pdf", "failed", "", "/akn/th/x")),
    )  # fmt: skip
    broken = replace(night, started="2041-05-03T02:15:00.000+00:00", finished="", result=FAILED)
    for one in (night, by_hand, broken):
        run.save(tmp_path, one)
    # The night's failure stays, unless the file was read since.
    assert {code: [d.path for d in own] for code, own in run.unread(tmp_path).items()} == {
        "sg": ["a.pdf"], "th": ["c.pdf"],
    }  # fmt: skip
    # Whoever reads a file by hand does not say that the nights go well.
    assert list(run.nights(tmp_path)) == [broken, night]
    assert run.last_good(tmp_path) == night


# -- the command --------------------------------------------------------------------------------------------------

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs the command line on the watched folder with models that need no library."""
    config = settings.index_dir.parent / "lawsearch.toml"
    values = settings.model_dump(mode="json", exclude_defaults=True)
    config.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in values.items()))
    monkeypatch.setenv("LAWSEARCH_CONFIG", str(config))
    settings.catalogue_dir.mkdir()
    monkeypatch.setattr("lawsearch.embedding.load_models", lambda _: nights.models())
    for console in (cli.out, cli.err):
        monkeypatch.setattr(console, "_width", 400)

    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["lawsearch", *map(str, arguments)])
        capfd.readouterr()
        try:
            cli.main()
        except SystemExit as end:
            code = int(end.code or 0)
        else:
            code = 0
        return code, *capfd.readouterr()

    return call


def everything(folder: Path) -> dict[str, tuple[int, int]]:
    """All that lies below a folder, as far as any writing would show."""
    return {str(p): (p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*")}


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(settings: Settings, command: Command) -> None:
    before = everything(settings.index_dir.parent)
    code, out, _ = command("nightly", "--dry-run")
    assert code == 0
    assert "3 to read, 0 unchanged, 0 stored provisions not yet in the index" in out
    assert everything(settings.index_dir.parent) == before
    night(plan(settings, nights.models()))
    with Store(settings.store_path) as store:
        assert waiting(settings.watched_dirs, store, None, nights_book())[1] == 3
    write(laws(settings), "second", only=["lamps"])
    (laws(settings) / "boats.pdf").unlink()
    before = everything(settings.index_dir.parent)
    code, out, _ = command("nightly", "--dry-run")
    assert f"gone     {laws(settings) / 'boats.pdf'}  {work('boats')}" in out
    assert f"read     {laws(settings) / 'lamps.pdf'}" in out
    assert everything(settings.index_dir.parent) == before


def nights_book() -> object:
    from ingest.correction import Book

    return Book()


def test_the_command_runs_tells_and_exits_by_what_came_of_it(settings: Settings, command: Command) -> None:
    code, out, err = command("nightly")
    assert (code, err) == (0, "")
    assert "3 added, 0 unchanged" in out
    assert f"index {current_name(settings.index_dir)} is current" in out
    code, out, _ = command("nightly", "--json")
    assert (code, json.loads(out)["unchanged"], json.loads(out)["result"]) == (0, 3, "ok")
    shorten(settings, 3)
    code, out, err = command("nightly")
    assert code == 1
    assert f"failed: {work('lamps')} (en) lost 2 of 6 provisions" in err
    assert "as before" in out
    assert command("nightly", "--accept", work("lamps"))[0] == 0
    assert command("rollback")[0] == 0
    assert len(served(settings)) == 12
    assert command("verify")[:2] == (0, "the store and 2 generations are sound\n")


def test_what_a_night_changed_is_told_and_delivered(
    settings: Settings, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with Site.running() as receiver:
        receiver.at("/hook", reply(204))
        monkeypatch.setenv("LAWSEARCH_WEBHOOK_URL", f"{receiver.address}/hook")
        assert command("nightly")[0] == 0
        (first,) = map(json.loads, receiver.bodies)
        assert first["subject"] == "lawsearch: the first index is built"
        assert first["data"]["run"]["result"] == "ok"
        assert command("nightly")[0] == 0
        assert len(receiver.bodies) == 1, "a night without news is not told"
        decide(settings)
        write(laws(settings), "second", only=["boats"])
        (laws(settings) / "letter.pdf").write_text("Dear Sir or Madam")
        code, out, _ = command("nightly")
        assert code == 0
        told = json.loads(receiver.bodies[1])
        wanted = "lawsearch: provisions changed: 3, decisions to look at again: 1, documents not read: 1"
        assert told["subject"] == wanted
        for said in (out, told["text"]):
            assert "[-first-]{+second+}" in said
            assert "failed" in said
            assert "letter.pdf" in said
            assert "to be looked at again:" in said
        assert "[bold]" not in told["text"]
        report = told["data"]["report"]
        assert [(c["kind"], c["provision"]["id"].split("/~")[0]) for c in report["provisions"]] == [
            ("changed", f"{work('boats')}/en")
        ] * 3
        assert report["suspect"][0]["says"] == ["the corresponding provision reads otherwise now"]
        assert {"links", "failed", "texts"} <= report.keys()
        shorten(settings, 2)
        assert command("nightly")[0] == 1
        failed = json.loads(receiver.bodies[2])
        assert failed["subject"].startswith("lawsearch: the run failed: ")
        assert (failed["data"]["report"], failed["data"]["run"]["result"]) == (None, "failed")
        receiver.at("/hook", reply(400))
        monkeypatch.setattr("lawsearch.delivery.BACKOFF", 0.0)
        code, _, err = command("nightly", "--accept", work("lamps"))
        assert (code, "webhook: it answered with status 400" in err) == (0, True)
        assert receiver.address not in err
        assert "status 400" in next(run.runs(settings.index_dir)).warnings[0]


def decide(settings: Settings) -> None:
    """Let somebody confirm that two sections of two laws correspond."""
    with Store(settings.store_path) as store:
        ours, theirs = (store.provision(f"{work(name)}/en/~sec_{n}") for name, n in (("lamps", 5), ("boats", 3)))
    decision = Decision(
        source=ours.id, other=f"{work('boats')}/en", suggested=theirs.id, corresponding=theirs.id, verdict="confirmed",
        status="full", name="A. Drafter", source_digest=ours.digest, other_digest=theirs.digest,
    )  # fmt: skip
    Desk(settings.desk_path).decide([decision])


def test_a_law_can_be_taken_out(settings: Settings, command: Command) -> None:
    night(plan(settings, nights.models()))
    path = laws(settings) / "boats.pdf"
    path.unlink()
    code, out, _ = command("remove", path)
    assert (code, f"removed {work('boats')}" in out) == (0, True)
    assert command("nightly")[0] == 0
    assert not [key for key in served(settings) if key.startswith(work("boats"))]
    code, _, err = command("remove", path)
    assert (code, "nothing was read from" in err) == (1, True)


def test_without_a_folder_there_is_nothing_to_watch(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAWSEARCH_WATCHED_DIRS", "[]")
    code, _, err = command("nightly")
    assert (code, "watched_dirs" in err) == (1, True)


def test_every_command_that_writes_waits_for_nobody(
    settings: Settings, command: Command, holder: subprocess.Popen[str]
) -> None:
    for arguments in (["nightly"], ["ingest", laws(settings)], ["index"], ["rollback"], ["remove", "x"], ["verify"]):
        code, _, err = command(*arguments)
        assert (code, f"process {holder.pid}" in err) == (1, True), arguments


def test_generations_of_the_same_corpus_say_the_same(settings: Settings, tmp_path: Path) -> None:
    night(plan(settings, nights.models()))
    other = settings.model_copy(update={"index_dir": tmp_path / "other"})
    for edition in ("second", "first"):
        write(laws(settings), edition)
        night(plan(other, nights.models()))
    assert served(settings) == served(other)
    one, two = (Generation.current(s.index_dir) for s in (settings, other))
    assert list(one.ids) == list(two.ids)
    assert one.manifest["corpus_digest"] == two.manifest["corpus_digest"]
    one.close()
    two.close()


def test_a_plan_is_not_changed_by_a_run(settings: Settings) -> None:
    made = plan(settings, nights.models())
    night(made)
    assert night(replace(made)).result == OK
