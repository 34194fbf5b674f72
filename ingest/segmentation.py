"""Rows in, provisions out: units with headings, containers, schedules, front matter; every row in one role."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from ingest.containers import Title, containers, ranks, subjects
from ingest.definitions import definitions_of
from ingest.explanation import explanations, inner_headings
from ingest.layout import Note
from ingest.numbering import value
from ingest.page import Row
from ingest.paragraph import LABEL, Paragraph, ended, mend, paragraphs, running_text
from ingest.segment import Segment, Segmentation, eid_number, expanded, missing_numbers, split_note, stops
from ingest.sequence import Candidate, best_chain
from ingest.subdivision import Division, quoted, recitals, subdivide
from ingest.voting import Vote, body_style, candidates, explains, restarts
from lawsearch.text import folded, is_mark

_RUN_IN = re.compile(r"(?P<heading>\S[^\n]{1,220}?)\s*[.:]?\s*(?:[–—―]+~?|\.\s?[-~]+|\s-+)\s*(?P<text>.*)", re.DOTALL)
#: The same where a stop stands before the dash, so that dashes within the heading are no end of it.
_STOPPED = re.compile(r"(?P<heading>\S[^\n]{1,220}?)\s*[.:]\s*[–—―~-]+\s*(?P<text>.*)", re.DOTALL)
_ENTRY = re.compile(r"(\d{1,4}[A-Z]{0,3})\.?\s+(\S.*)")
#: A heading repeated at the top of a page, and the line under a schedule's name that says where it belongs.
_CONTINUED = re.compile(r"[—–-]\s*(?:continued|cont['’]?d|sambungan)\.?\s*$", re.IGNORECASE)
_REFERENCE = re.compile(r"[(\[]?(?:Sub)?(?:sections?|seksyen|articles?|regulations?)\b.{0,120}\d", re.IGNORECASE)
_LONGEST_HEADING = 8
#: Letters and digits from which on a line of a heading tells whether it is set in capitals.
_SHORTEST_CASED = 5


class _Cutter:
    """The state of one pass over the rows of one flow."""

    def __init__(self, rows: Sequence[Row], notes: Sequence[Note], vote: Vote, words: Counter[str]) -> None:
        assert vote.family is not None
        self.rows, self.family, self.words = list(rows), vote.family, words
        self.style = body_style(rows)
        self.roles = [""] * len(rows)
        #: The headings of units; and of those of acts that stand behind the law, by row, of which act they are.
        self.chain, self.round = restarts(rows, vote, self.style)
        self.end = self._end()
        self.starts = {c.row: c for c in self.chain}
        self.containers = containers(rows[: self.end], self.family, self.style, self.starts)
        #: Container titles with the rows (first, after the last) that they stand on.
        self.titles: list[tuple[str, int, int]] = []
        self.notes, self.unplaced = self._notes(notes)
        self.above = self._above()
        self.containers |= subjects(self.rows, self.chain, self.above, self.containers, self.style)

    # -- where things are ---------------------------------------------------------------------------------------

    def _apart(self, i: int) -> str:
        """Which kind of heading that ends the body stands on row ``i``, if any."""
        row, text = self.rows[i], self.rows[i].text.strip()
        family = self.family
        if explains(row, family):
            return "explanation"
        if family.closing and family.closing.match(text):
            return "closing"
        looks = row.centred or self.style.stands_out(row) or text.isupper() or row.indent > 3
        if looks and len(text) < 120 and family.schedule and family.schedule.match(text):
            return "schedule"
        return ""

    def _end(self) -> int:
        """The row at which the body ends."""
        last = self.chain[-1].row
        for i in range(last + 1, len(self.rows)):
            if self._apart(i):
                return i
        return len(self.rows)

    def _notes(self, notes: Sequence[Note]) -> tuple[dict[int, Note], list[Note]]:
        """Marginal notes by the unit row beside which they begin; and those that stand beside none."""
        placed: dict[int, Note] = {}
        unplaced = []
        heights = {(self.rows[i].line.page, round(self.rows[i].line.y1)) for i in self.starts}
        for note in (part for found in notes for part in split_note(found, heights)):
            first = note.lines[0]
            near = [
                (abs(self.rows[i].line.y0 - first.y0), i)
                for i in self.starts
                if self.rows[i].line.page == note.page and i not in placed
            ]
            if near and min(near)[0] < 3 * max(first.size, 6):
                placed[min(near)[1]] = note
            elif placed and self._goes_on(placed[row := next(reversed(placed))], note):
                lines = (*placed[row].lines, *note.lines)
                placed[row] = Note(mend([line.text for line in lines]), lines)
            else:
                unplaced.append(note)
        return placed, unplaced

    def _goes_on(self, before: Note, note: Note) -> bool:
        """Whether a note at the top of a page goes on from one at the foot of the page before."""
        first, last = note.lines[0], before.lines[-1]
        top = min((row.line.y0 for row in self.rows if row.line.page == first.page), default=0.0)
        foot = max((row.line.y1 for row in self.rows if row.line.page == last.page), default=0.0)
        return last.page == first.page - 1 and first.y0 < top + first.size and last.y1 > foot - 2 * last.size

    def _above(self) -> dict[int, int]:
        """The first row of the heading above each unit (the unit's own row where there is none)."""
        first = {c.row: c.row for c in self.chain}
        if "above" not in self.family.headings or len(self.notes) > 0.5 * len(self.chain):
            return first
        for c in self.chain:
            j = c.row - 1
            while j >= 0 and c.row - j <= _LONGEST_HEADING and self._heads(j, self.rows[c.row - 1]):
                first[c.row] = j
                j -= 1
            first[c.row] = self._below_title(first[c.row], c.row)
        headed = sum(first[row] < row for row in first)
        return first if headed >= 0.5 * len(first) else {row: row for row in first}

    def _below_title(self, start: int, row: int) -> int:
        """Where the heading of the unit on ``row`` begins, if its first lines are the name of a container above it."""
        named = start - 1 not in self.containers or self.containers[start - 1][2]
        if named or row - start < 2:
            return start
        return max(range(start + 1, row), key=lambda i: (round(self.rows[i].gap, 1), -i))

    def _heads(self, j: int, last: Row) -> bool:
        row = self.rows[j]
        # The long lines of a centred heading reach from edge to edge: they have its middle.
        centred = row.centred or abs(row.line.middle - last.line.middle) < 0.6 * row.line.size
        case = len(folded(last.text)) < _SHORTEST_CASED or row.text.isupper() == last.text.isupper()
        alike = (row.line.bold, row.line.italic) == (last.line.bold, last.line.italic) and case
        alike = alike and (centred or not last.centred)
        close = row is last or row.line.page != last.line.page or abs(row.line.size - last.line.size) < 0.6
        return self.style.stands_out(row) and alike and close and j not in self.starts and j not in self.containers

    # -- cutting --------------------------------------------------------------------------------------------------

    def units(self) -> list[Segment]:
        """The units, each with its heading, its text and the titles above it."""
        below = self._below()
        path: list[Title] = []
        segments: list[Segment] = []
        bounds = [self.above[c.row] for c in self.chain[1:]] + [self.end]
        first = self._front()
        order = ranks(self.containers, self.starts, self.family, first)
        segments += self._titles(first, self.above[self.chain[0].row], path, order)
        for candidate, bound in zip(self.chain, bounds, strict=True):
            stop = next((i for i in range(candidate.row + 1, bound) if i in self.containers), bound)
            close = next((i for i in range(candidate.row + 1, stop) if self.round and self._apart(i)), stop)
            segments += expanded(self._unit(candidate, close, below, path), family=self.family)
            if close < stop:
                segments.append(self._closing(close, stop, f"{segments[-1].eid}__conclusions"))
            segments += self._titles(stop, bound, path, order)
        shown = {title for found in segments for title in found.path}
        for title, start, stop in self.titles:
            if title not in shown:  # nothing stands below it
                self._mark(start, stop, "unassigned")
        return segments

    def _front(self) -> int:
        """The row of the first container heading that leads on to the first unit."""
        first = self.above[self.chain[0].row]
        i = first
        while i - 1 >= 0 and any(k in self.containers for k in range(max(0, i - 5), i)):
            i = max(k for k in range(max(0, i - 5), i) if k in self.containers)
        return i

    def _titles(self, start: int, stop: int, path: list[Title], order: Mapping[str, float]) -> list[Segment]:
        """Take the container headings between two units into ``path``; what introduces them is a segment each."""
        found: list[Segment] = []
        i = start
        while i < stop:
            prefix, number, rest = self.containers[i]
            until = next((k for k in range(i + 1, stop) if k in self.containers), stop)
            title = [self.rows[i].text]
            k = i + 1
            apart = self.style.stands_out(self.rows[i])
            while k < until and (
                (until - i <= 7 and not (rest and apart)) or self.style.stands_out(self.rows[k]) or self.rows[k].centred
            ):
                title.append(self.rows[k].text)
                k += 1
            self._mark(i, k, "container")
            while path and order[path[-1][0]] >= order[prefix]:
                path.pop()
            title = [line for line in title if not is_mark(line)]
            # Its name on a line of its own is another phrase: in no script does it run on from the number.
            parts = (title[:1], title[1:]) if not rest else (title,)
            path.append((prefix, number, " ".join(mend(part, self.words) for part in parts if part)))
            self.titles.append((path[-1][2], i, k))
            if k < until:
                found.append(self._introduction(k, until, path))
            i = until
        return found

    def _introduction(self, start: int, stop: int, path: list[Title]) -> Segment:
        """What a container says before its first unit."""
        self._mark(start, stop, "preamble")
        rows = self.rows[start:stop]
        return Segment(
            "preamble", "", "Introduction", "__".join([*self._prefixes(path), "intro"]), "",
            running_text("", rows, self.words), tuple(title for _, _, title in path), rows,
        )  # fmt: skip

    def _prefixes(self, path: list[Title]) -> list[str]:
        return [f"{prefix}_{eid_number(number)}" if number else prefix for prefix, number, _ in path if prefix]

    def _below(self) -> str:
        """Where units have their headings besides above and in the margin: ``inline``, ``below``, ``run-in``, or ''."""
        allowed = self.family.headings
        scores: Counter[str] = Counter()
        stopped = 0
        for c in self.chain:
            row = self.rows[c.row]
            after = self.rows[c.row + 1] if c.row + 1 < self.end else None
            if c.rest and self.style.stands_out(row):
                scores["inline"] += 1
            elif not c.rest and after and self.style.stands_out(after) and c.row + 1 not in self.starts:
                scores["below"] += 1
            first = mend([r.text for r in self.rows[c.row : c.row + 5]])
            first = first[len(row.text) - len(c.rest) :] if c.rest else ""
            match = _RUN_IN.match(first)
            stopped += bool(match and _STOPPED.match(first))
            if match and len(match["heading"]) < 160 and match["heading"][:1].isupper():
                scores["run-in"] += 1
        self.run_in = _STOPPED if stopped > 0.5 * scores["run-in"] else _RUN_IN
        # A run-in heading longer than a line fills the line as one set inline does: the place that most units have.
        places = [where for where in ("inline", "below", "run-in") if where in allowed]
        best = max(places, key=lambda where: scores[where], default="")
        if best and scores[best] >= 0.5 * len(self.chain):
            return best
        if "inline" in allowed and sum(self._plain_inline(c) for c in self.chain) >= 0.6 * len(self.chain):
            return "plain"
        return ""

    def _run_in(self, text: str) -> re.Match[str] | None:
        return self.run_in.match(text) or _RUN_IN.match(text)

    def _plain_inline(self, c: Candidate) -> bool:
        """Whether what follows the number is short, unpunctuated and followed by a new paragraph."""
        row = self.rows[c.row]
        after = self.rows[c.row + 1] if c.row + 1 < self.end else None
        if not c.rest or c.rest[-1] in ".;:,—" or after is None:
            return False
        return bool(LABEL.match(after.text)) or row.line.x1 < row.right - 3 * row.line.size

    def _unit(self, c: Candidate, stop: int, below: str, path: list[Title]) -> Segment:
        rows, family = self.rows, self.family
        start = self.above[c.row]
        heading = [r.text for r in rows[start : c.row]]
        for i in range(start, c.row):
            self.roles[i] = "heading"
        for i in range(c.row, stop):
            self.roles[i] = "provision"
        note = self.notes.get(c.row)
        if note:
            heading = [note.text]
        rest, body = c.rest, c.row + 1
        if not heading and (below in ("inline", "below") or (below == "plain" and self._plain_inline(c))):
            rest, body, heading = self._set_off(c, stop, below)
        found = paragraphs(rest, rows[c.row], rows[body:stop], self.words, family.inner)
        title = mend(heading, self.words)
        if below == "run-in" and not title and len(found) > 1 and re.match(r"[–—―]\s", found[1].text):
            # The dash between heading and text opens a line; it is no item of a list.
            found[:2] = [Paragraph(f"{found[0].text} {found[1].text}", found[0].rows + found[1].rows)]
        if below == "run-in" and not title and found and (match := self._run_in(found[0].text)):
            title, found[0].text = match["heading"], match["text"]
        if found:
            found[0].text = re.sub(r"^[—–‒-]\s*(?=\()", "", found[0].text)
        text = "\n".join(p.text for p in found)
        number = c.number
        prefixes = [f"amend_{self.round[c.row]}"] if c.row in self.round else self._prefixes(path)
        eid = "__".join([*prefixes, f"{family.prefix}_{eid_number(number)}"])
        title = re.sub(r"\s+", " ", title).strip(" –—-") if title else ""
        if title.endswith(".") and not title.endswith("etc."):
            title = title[:-1]
        return Segment(
            family.kind, number, family.label.format(n=number), eid, title, text, tuple(t for _, _, t in path),
            rows[start:stop], [note] if note else [], ("restart",) if c.row in self.round else (),
            self._divisions(found, title),
        )  # fmt: skip

    def _divisions(self, found: list[Paragraph], title: str) -> list[Division]:
        """The parts of a unit; in an amending law the articles that it quotes."""
        found = [p for p in found if not is_mark(p.text)]
        if self.family.inner is None:
            known, opening = definitions_of(self.family.language), found[0].text if found else ""
            return subdivide(found, known, known is not None and known.fill(title, opening))
        chain = best_chain(inner_headings(self.family, [p.text for p in found]), strict=False)[1]
        return quoted(found, {c.row: c.number for c in chain}) if chain else subdivide(found)

    def _set_off(self, c: Candidate, stop: int, below: str) -> tuple[str, int, list[str]]:
        """(text on the number's line, first row of the text, heading) of a unit whose heading follows its number."""
        rows = self.rows
        at = c.row
        if below == "inline":
            if not c.rest or not self.style.stands_out(rows[at]):
                return c.rest, at + 1, []
            heading = [c.rest]
            k = at + 1
        elif below == "plain":
            return "", at + 1, [c.rest]
        else:
            if c.rest:
                return c.rest, at + 1, []
            heading, k = [], at + 1
        like = rows[k].line if k < stop else rows[at].line
        while (
            k < stop
            and len(heading) < _LONGEST_HEADING
            and self.style.stands_out(rows[k])
            and (rows[k].line.bold, rows[k].line.italic) == (like.bold, like.italic)
            and not LABEL.match(rows[k].text)
        ):
            heading.append(rows[k].text)
            self.roles[k] = "heading"
            k += 1
        return "", k, heading

    # -- before and after -----------------------------------------------------------------------------------------

    def front(self) -> tuple[list[Segment], list[str]]:
        """What stands before the first unit: the contents list (its numbers) and the front matter."""
        stop = next((i for i, role in enumerate(self.roles) if role), len(self.rows))
        title = next((i for i in range(stop) if self._is(self.family.contents, i)), None)
        listed = best_chain(candidates(self.rows[:stop], self.family, self.style))[1]
        if title is not None and len(listed) < 3:
            listed = best_chain(self._entries(title, stop))[1]
        numbers: list[str] = []
        if title is not None or len(listed) >= max(3, 0.4 * len(self.chain)):
            numbers = [c.number for c in listed]
            first = listed[0].row if title is None else title
            last = max((c.row for c in listed), default=first)
            while last + 1 < stop and not self._title_like(last + 1):
                last += 1
            for i in range(first, last + 1):
                self.roles[i] = "contents"
        rows = [self.rows[i] for i in range(stop) if not self.roles[i]]
        for i in range(stop):
            self.roles[i] = self.roles[i] or "preamble"
        if not rows:
            return [], numbers
        found = [p for part in self._recited(rows) for p in paragraphs("", None, part, self.words)]
        told = recitals(found, self.family.recital) if self.family.recital else []
        text = "\n".join(p.text for p in found)
        return [Segment("preamble", "", "Preamble", "preamble", "", text, (), rows, divisions=told)], numbers

    def _recited(self, rows: Sequence[Row]) -> list[list[Row]]:
        """The rows of a preamble, parted where a recital opens."""
        parts: list[list[Row]] = [[]]
        for row in rows:
            if self.family.recital and self.family.recital.match(row.text) and parts[-1] and ended(parts[-1][-1]):
                parts.append([])
            parts[-1].append(row)
        return parts

    def _entries(self, start: int, stop: int) -> list[Candidate]:
        """Entries of a contents list that leaves out the points and words of the headings themselves."""
        return [
            Candidate(i, match[1], match[2], place)
            for i in range(start, stop)
            if (match := _ENTRY.match(self.rows[i].text)) and (place := value(match[1]))
        ]

    def _title_like(self, i: int) -> bool:
        row = self.rows[i]
        return row.line.size > 1.09 * self.style.size or (row.line.bold and not self.style.bold and row.centred)

    def _is(self, pattern: re.Pattern[str] | None, i: int) -> bool:
        return bool(pattern and pattern.match(self.rows[i].text.strip()))

    def tail(self) -> list[Segment]:
        """What stands after the last unit: schedules, explanations, closing formulas."""
        marks = [
            (i, kind)
            for i in range(self.end, len(self.rows))
            if (kind := self._apart(i)) and not _CONTINUED.search(self.rows[i].text)
        ]
        segments: list[Segment] = []
        counts: Counter[str] = Counter()
        explained = False
        for (i, kind), stop in zip(marks, stops([m for m, _ in marks], len(self.rows)), strict=True):
            rows = self.rows[i:stop]
            if explained and kind != "schedule":
                kind = "explanation"
            elif kind == "closing" and segments and segments[-1].eid == "conclusions":
                segments[-1].rows += rows
                segments[-1].text += "\n" + running_text("", rows, self.words)
                self._mark(i, stop, "closing")
                continue
            counts[kind] += 1
            explained = explained or kind == "explanation"
            self._mark(i, stop, kind)
            if kind == "explanation":
                segments += explanations(rows, self.family, self.style, self.words, counts[kind])
            elif kind == "schedule":
                segments.append(self._schedule(rows, counts[kind]))
            else:
                eid = "conclusions" if counts[kind] == 1 else f"conclusions_{counts[kind]}"
                segments.append(self._closing(i, stop, eid))
        return segments

    def _closing(self, start: int, stop: int, eid: str) -> Segment:
        rows = self.rows[start:stop]
        self._mark(start, stop, "closing")
        return Segment("preamble", "", "Closing", eid, "", running_text("", rows, self.words), (), rows)

    def _mark(self, start: int, stop: int, role: str) -> None:
        for i in range(start, stop):
            self.roles[i] = role

    def _schedule(self, rows: list[Row], count: int) -> Segment:
        name = rows[0].text.strip()
        label, _, rest = re.match(r"([^—–:]*)([—–:]?)(.*)", name).groups()  # type: ignore[union-attr]
        label = re.sub(r"^THE\s+", "", label.strip())
        if label.isupper():  # "FIRST SCHEDULE", but "ANNEX II" keeps its numeral
            label = " ".join(w if re.fullmatch(r"[IVXLC]+", w) else w.capitalize() for w in label.split())
        heading = [rest.strip()] if rest.strip() else []
        k = 1
        # The sections to which a schedule belongs stand between its name and its title.
        reference = [rows[k]] if len(rows) > k and _REFERENCE.match(rows[k].text) else []
        k += len(reference)
        while k < len(rows) and k < _LONGEST_HEADING and not LABEL.match(rows[k].text):
            if not (self.style.stands_out(rows[k]) or rows[k].text.isupper()):
                break
            heading.append(rows[k].text)
            k += 1
        body = [row for row in rows[k:] if not (_CONTINUED.search(row.text) and row.centred)]
        found = paragraphs("", None, [*reference, *body], self.words)
        text = "\n".join(p.text for p in found)
        title = mend(heading, self.words)
        parts = subdivide([p for p in found if not is_mark(p.text)])
        return Segment("schedule", label, label, f"sched_{count}", title, text, (), rows, divisions=parts)


def segment(rows: Sequence[Row], notes: Sequence[Note], vote: Vote, words: Counter[str]) -> Segmentation:
    """A flow of rows cut into segments by the family that won the vote; page by page where none did."""
    if vote.family is None:
        return _page_wise(rows, notes, words)
    cutter = _Cutter(rows, notes, vote, words)
    units = cutter.units()
    front, contents = cutter.front()
    tail = cutter.tail()
    roles = ["amendment" if is_mark(row.text) else role for row, role in zip(rows, cutter.roles, strict=True)]
    found = [unit.number for unit in units if unit.kind == vote.family.kind]
    missing = missing_numbers(found)
    listed = [n for n in contents if n not in found]
    doubled = [n for n, k in Counter(found).items() if k > 1]
    return Segmentation(
        tuple(rows), vote.family, (*front, *units, *tail), tuple(roles), len(found) + len(missing),
        tuple(dict.fromkeys(missing + listed)), tuple(doubled), tuple(contents), tuple(cutter.unplaced),
    )  # fmt: skip


def _page_wise(rows: Sequence[Row], notes: Sequence[Note], words: Counter[str]) -> Segmentation:
    pages: dict[int, list[Row]] = {}
    for row in rows:
        pages.setdefault(row.line.page, []).append(row)
    segments = tuple(
        Segment("page", f"page {n}", f"Page {n}", f"page_{n}", "", running_text("", part, words), (), part,
                flags=("page-wise",))
        for n, part in pages.items()
    )  # fmt: skip
    return Segmentation(tuple(rows), None, segments, ("provision",) * len(rows), 0, (), (), (), tuple(notes))
