"""Pages read by tesseract: rendered, cut into lines (``scan``), read line by line, with the same places and sizes.

Nothing is installed by this package: tesseract and its models come from the system. What is used for which language
stands in ``ocr.toml``. Results are kept by the digest of the file and the settings, so that no page is read twice.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import tomllib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2 as pdfium

from ingest.page import Line, Page
from ingest.repair import repaired
from ingest.scan import Pixels, Strip, strips
from lawsearch.errors import DocumentError
from lawsearch.instrument import UNKNOWN
from lawsearch.language import detect
from lawsearch.settings import load_settings

#: Raised with every change of this module or of ``scan`` that changes what is read, so that nothing old is used.
READER = "1"
#: Pixels of the largest rendering.
_LARGEST = 40_000_000
#: Lines read of a page to find out its language and which way up it is.
_TRIAL = 8
#: The ways to turn a page, in degrees clockwise, the likely ones first.
_TURNS = (0, 90, 270, 180)
#: A page is read poorly with a smaller share of the usual confidence, or with fewer letters: perhaps it lies on its
#: side (there are hardly any letters then) or upside down (at most .67 of the confidence; pages that stand reach .88).
_POOR, _FEW = 0.8, 40
#: White between two words of a script that writes none, in ems, above which there is a space.
_SPACE = 0.3
#: A letter or two read with less confidence are bits of a picture or a seal.
_STRAY = 75.0
#: Strokes this much thicker than usual are bold.
_BOLD = 1.22
_SPACELESS = re.compile('[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3000-\u9fff()"“”]')
#: pdfium is not thread-safe.
_rendering = threading.Lock()


class Missing(Exception):
    """Tesseract or a model of it that is not installed; ``remedy`` says what to install."""

    def __init__(self, remedy: str) -> None:
        super().__init__(remedy)
        self.remedy = remedy


@dataclass(frozen=True, slots=True)
class Method:
    """How a language is read; fields as in ``ocr.toml``."""

    models: tuple[str, ...]
    dpi: int
    tried: bool = False
    usual: float = 95.0
    taken_for: str = ""
    believed: float = 0.0
    correct: tuple[tuple[re.Pattern[str], str], ...] = ()

    def corrected(self, text: str) -> str:
        """A line as read with what the models cannot know put right."""
        for pattern, replacement in self.correct:
            text = pattern.sub(replacement, text)
        return repaired(text).strip()


@dataclass(frozen=True, slots=True)
class Table:
    """The table of ``ocr.toml``."""

    psm: int
    seconds: float
    least: float
    packages: dict[str, str]
    methods: dict[str, Method]


@cache
def table() -> Table:
    """How pages are read."""
    rows = tomllib.loads(files("ingest").joinpath("ocr.toml").read_text("utf-8"))
    methods = {
        code: Method(
            tuple(row["models"]), row["dpi"], row.get("tried", False), row.get("usual", 95.0),
            row.get("taken_for", ""), row.get("from", 0.0),
            tuple((re.compile(pattern), replacement) for pattern, replacement in row.get("correct", ())),
        )
        for code, row in rows["language"].items()
    }  # fmt: skip
    return Table(**rows["reading"], packages=rows["packages"], methods=methods)


@dataclass(frozen=True, slots=True)
class Engine:
    """Tesseract as installed: its program, its version and its models."""

    program: str
    version: str
    models: frozenset[str]

    def usable(self, models: Sequence[str]) -> tuple[str, ...]:
        """Those of the models that are installed. Raises Missing where the first is not."""
        known = {
            name: installed for name in models for installed in (name, f"script/{name}") if installed in self.models
        }
        if models[0] not in known:
            package = table().packages.get(models[0], f"tesseract-ocr-{models[0]}")
            raise Missing(f"Install tesseract's model {models[0]!r} (Debian: apt-get install {package}) and try again")
        return tuple(known.values())


@cache
def engine() -> Engine | None:
    """The tesseract of this machine, or None."""
    program = shutil.which("tesseract")
    if program is None:
        return None
    try:
        version = subprocess.run([program, "--version"], capture_output=True, timeout=20, check=True)
        models = subprocess.run([program, "--list-langs"], capture_output=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    names = models.stdout.decode("utf-8", "replace").splitlines()[1:]
    first = (version.stdout or version.stderr).decode("utf-8", "replace").split("\n")[0]
    return Engine(program, first.removeprefix("tesseract ").strip(), frozenset(n.strip() for n in names))


#: Pages read at once by one process, 0 for one a core; a run with several processes shares the cores out.
workers = 0


class Reader:
    """Reads pages of one PDF, its bytes ``data``, in a language that it finds out where none is given.

    Raises Missing where tesseract or a model that is needed is not installed.
    """

    def __init__(self, path: Path, data: bytes, folder: Path | None = None) -> None:
        found = engine()
        if found is None:
            raise Missing("Install tesseract and its models (Debian: apt-get install tesseract-ocr) and try again")
        self.path, self.data, self.engine = path, data, found
        self.folder = (folder or load_settings().cache_dir) / "ocr"
        self.digest = hashlib.sha256(data).hexdigest()

    def read(self, numbers: Sequence[int], language: str = "") -> dict[int, Page]:
        """The pages with these numbers, from 1, each with lines that carry their confidence; one that cannot be read is
        left out, and DocumentError raised only where none can."""
        if not numbers:
            return {}
        method = table().methods.get(language) or table().methods[self.language(numbers)]
        with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
            pages = list(pool.map(lambda n: self._attempt(n, method), numbers))
        read = {page.number: page for page in pages if isinstance(page, Page)}
        if not read and isinstance(pages[0], DocumentError):
            raise pages[0]
        return read

    def _attempt(self, number: int, method: Method) -> Page | DocumentError:
        # One bad page, a picture perhaps, must not lose the law.
        try:
            return self._page(number, method)
        except DocumentError as error:
            return error

    def language(self, numbers: Sequence[int]) -> str:
        """The language of most of the text: a few lines read by the models of each script, the surest counts.

        Tesseract's own detection of scripts takes Lao for Thai, Burmese for Arabic and Khmer for Latin.
        """
        # Another answer may come of other pages, and of models that were installed since.
        asked = f"{sorted(numbers)} {sorted(self.engine.models)}"
        key = f"language-{hashlib.sha256(asked.encode()).hexdigest()[:12]}"
        if (kept := self._kept(key)) is not None:
            return str(kept)
        for number in sorted(numbers, key=lambda n: abs(n - numbers[len(numbers) // 2]))[:3]:
            if known := self._told(number):
                self._keep(key, known)
                return known
        return "en"

    def _told(self, number: int) -> str:
        """The language of a few lines of a page, whichever way up it is; '' where nothing is read on it."""
        first = ""
        for turn in _TURNS:
            found, _, _ = self._strips(number, 200, turn)
            sample = sorted(found, key=lambda strip: strip.x0 - strip.x1)[:_TRIAL]
            tried = {}
            for code, method in table().methods.items():
                if sample and method.tried and method.models[0] in self.engine.models:
                    lines = self._recognised(number, sample, method.models[:1], 200)
                    confidence = sum(c for _, c in lines) / len(lines)
                    tried[code] = confidence, "\n".join(t for t, _ in lines)
            best, text = _surest(tried)
            # The script is settled; which of the languages written in it, the words tell.
            told = detect(text) if best else UNKNOWN
            known = told if told in table().methods else best
            first = first or known
            if best and len(text) >= _FEW and tried[best][0] >= _POOR * table().methods[best].usual:
                return known
        return first

    def _page(self, number: int, method: Method) -> Page:
        models = self.engine.usable(method.models)
        kept = self._read(number, method, models, 0)
        turn = self._turn(number, method, models) if _poor(kept["rows"], method) else 0
        return _as_page(number, self._read(number, method, models, turn) if turn else kept, method, turn)

    def _read(self, number: int, method: Method, models: Sequence[str], turn: int) -> dict[str, Any]:
        """What is read on a page turned by so much: its size and its lines."""
        key = f"{number}-{'+'.join(models)}-{method.dpi}" + (f"-turned-{turn}" if turn else "")
        kept = self._kept(key)
        if not isinstance(kept, dict):
            found, width, height = self._strips(number, method.dpi, turn)
            read = self._recognised(number, found, models, method.dpi)
            rows = [[text, sure, *_place(strip)] for strip, (text, sure) in zip(found, read, strict=True)]
            kept = {"width": width, "height": height, "rows": rows}
            self._keep(key, kept)
        return kept

    def _turn(self, number: int, method: Method, models: Sequence[str]) -> int:
        """By how much a page that is read poorly has to be turned: a few lines tell by what is read on them."""
        key = f"turn-{number}-{'+'.join(models)}"
        if isinstance(kept := self._kept(key), int):
            return kept
        best, most = 0, 0.0
        for turn in _TURNS:
            found, _, _ = self._strips(number, method.dpi, turn)
            sample = sorted(found, key=lambda strip: strip.x0 - strip.x1)[:_TRIAL]
            rows = self._recognised(number, sample, models[:1], method.dpi)
            told = sum(len(text) * sure for text, sure in rows)
            # What stands as it is needs no good reason to stay so.
            if (not turn or not _poor(rows, method)) and told > 1.25 * most:
                best, most = turn, told
        self._keep(key, best)
        return best

    def _strips(self, number: int, dpi: int, turn: int = 0) -> tuple[list[Strip], float, float]:
        """The lines of a page turned by so many degrees clockwise, and its size."""
        with _rendering:
            document = pdfium.PdfDocument(self.data)
            try:
                page = document[number - 1]
                width, height = page.get_size()
                dpi = min(dpi, int(72 * (_LARGEST / max(width * height, 1)) ** 0.5))
                grey: Pixels = np.array(page.render(scale=dpi / 72, grayscale=True).to_numpy())
            finally:
                document.close()
        upright = np.ascontiguousarray(np.rot90(grey.reshape(grey.shape[:2]), -turn // 90))
        if turn in (90, 270):
            width, height = height, width
        return strips(upright, dpi), width, height

    def _recognised(
        self, number: int, found: Sequence[Strip], models: Sequence[str], dpi: int
    ) -> list[tuple[str, float]]:
        """The text of each strip and its confidence; ('', 0.0) where nothing was read."""
        if not found:
            return []
        with tempfile.TemporaryDirectory(prefix="lawsearch-") as folder:
            names = [Path(folder, f"{i}.pgm") for i in range(len(found))]
            for name, strip in zip(names, found, strict=True):
                rows, columns = strip.pixels.shape
                name.write_bytes(b"P5\n%d %d\n255\n%s" % (columns, rows, strip.pixels.tobytes()))
            listed = Path(folder, "list.txt")
            listed.write_text("\n".join(map(str, names)), "utf-8")
            command = [self.engine.program, str(listed), "stdout", "-l", "+".join(models), "--psm", str(table().psm),
                       "--dpi", str(dpi), "tsv"]  # fmt: skip
            limits = {**os.environ, "OMP_THREAD_LIMIT": "1"}
            try:
                done = subprocess.run(command, capture_output=True, env=limits, timeout=table().seconds, check=True)
            except subprocess.TimeoutExpired:
                raise DocumentError(
                    self.path, f"page {number} took more than {table().seconds:g} seconds to read",
                    "Look at the page: a picture of something other than text is best left out",
                ) from None  # fmt: skip
            except subprocess.CalledProcessError as error:
                said = error.stderr.decode("utf-8", "replace").strip().splitlines()
                raise DocumentError(
                    self.path, f"page {number} could not be read ({said[-1] if said else error.returncode})",
                    "Run tesseract by hand on a page to see whether it is installed completely",
                ) from None  # fmt: skip
        words: list[list[_Word]] = [[] for _ in found]
        for row in csv.DictReader(done.stdout.decode("utf-8", "replace").splitlines(), delimiter="\t", quoting=3):
            if row["level"] == "5" and (row["text"] or "").strip():
                left = int(row["left"])
                words[int(row["page_num"]) - 1].append(
                    (row["text"].strip(), float(row["conf"]), left, left + int(row["width"]))
                )
        return [_joined(line, strip.size * dpi / 72) for line, strip in zip(words, found, strict=True)]

    def _file(self, key: str) -> Path:
        made = hashlib.sha256(f"{READER} {self.engine.version} {table().psm} {key}".encode()).hexdigest()
        return self.folder / self.digest[:2] / f"{self.digest}-{made[:16]}.json"

    def _kept(self, key: str) -> object:
        try:
            kept: object = json.loads(self._file(key).read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return kept

    def _keep(self, key: str, value: object) -> None:
        file = self._file(key)
        fresh = file.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(value, ensure_ascii=False), "utf-8")
            os.replace(fresh, file)
        except OSError:
            fresh.unlink(missing_ok=True)


def _surest(tried: dict[str, tuple[float, str]]) -> tuple[str, str]:
    """Of readings by language (confidence, text) the language that is told and its text; ('', '') for none."""
    methods = table().methods
    if not tried:
        return "", ""
    best = max(tried, key=lambda code: tried[code][0] / methods[code].usual)
    for code, (confidence, _) in tried.items():
        if methods[code].taken_for == best and confidence > methods[code].believed:
            best = code
            break
    return best, tried[best][1]


#: A word as read: text, confidence, left and right edge in pixels.
_Word = tuple[str, float, int, int]


def _joined(words: Sequence[_Word], em: float) -> tuple[str, float]:
    """Words as a line, and their confidence, the long ones counting more.

    Scripts without spaces come letter by letter: a space stands where the white is wide.
    """
    text, edge = "", 0
    for word, _, left, right in words:
        close = text and _SPACELESS.match(text[-1]) and _SPACELESS.match(word[0]) and left - edge < _SPACE * em
        text += word if close or not text else f" {word}"
        edge = right
    size = sum(len(word[0]) for word in words)
    return text, sum(word[1] * len(word[0]) for word in words) / size if size else 0.0


def _poor(rows: Sequence[Any], method: Method) -> bool:
    """Whether lines, each with its text and its confidence first, are hardly to be believed."""
    size = sum(len(row[0]) for row in rows)
    return size < _FEW or sum(len(row[0]) * row[1] for row in rows) / size < _POOR * method.usual


def _place(strip: Strip) -> list[float]:
    values = asdict(replace(strip, pixels=np.zeros(0)))
    return [round(float(values[name]), 3) for name in ("x0", "y0", "x1", "y1", "base", "size", "stroke")]


def _as_page(number: int, kept: dict[str, Any], method: Method, turn: int) -> Page:
    """A page as read, with what the models cannot know put right; stains are left out."""
    rows = kept["rows"]
    strokes = sorted((row[8], len(row[0])) for row in rows)
    half, usual = sum(n for _, n in strokes) / 2, 0.0
    for stroke, n in strokes:
        half -= n
        if half <= 0:
            usual = stroke
            break
    lines = []
    for text, sure, x0, y0, x1, _y1, base, size, stroke in rows:
        text = method.corrected(text)
        signs = sum(c.isalnum() for c in text)
        if sure < table().least or not signs or (signs < 3 and sure < _STRAY):
            continue
        if text.isupper():  # capitals are as tall as the letters that stand out of the line
            size = round(2 * size / 1.4) / 2
        lines.append(
            Line(text, number, x0, min(y0, base - 0.8 * size), x1, base + 0.22 * size, size,
                 stroke > _BOLD * usual, confidence=round(sure / 100, 3))
        )  # fmt: skip
    return Page(number, float(kept["width"]), float(kept["height"]), tuple(lines), turn)
