"""Words: ICU segmentation for every script, and the lexical index over it (tantivy, BM25 within one language)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from icu4py.breakers import WordBreaker

from lawsearch.text import digits, normal
from lawsearch.vocabulary import languages

#: Words of a query beyond this many add time and no accuracy; the rarest are kept.
QUERY_WORDS = 48
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_APOSTROPHE = re.compile("['’]")


def words(text: str, language: str) -> list[str]:
    """The words of ``text`` in order, lower case, native digits as 0-9; segmented by ICU's rules of the language.

    ICU knows word boundaries of Thai, Lao, Khmer and Burmese, which write no spaces. Punctuation is left out.
    """
    text = _APOSTROPHE.sub("", digits(normal(text)).lower())
    # ICU counts in UTF-16 code units; law texts rarely leave the basic plane, but then slices must still be right.
    if not text.isascii():
        text = _ASTRAL.sub(" ", text)
    # A segment is a word or it is not: its first character tells, but for words that ICU joins to underscores.
    return [
        text[start:end]
        for start, end in WordBreaker(text, language if language in languages() else "en").segments()
        if text[start].isalnum() or (end - start > 1 and any(map(str.isalnum, text[start:end])))
    ]


def held(words: Sequence[str], text: str, limit: int) -> tuple[str, ...]:
    """The first of the words that a text holds, at most ``limit``; of a script that writes spaces, as words of their
    own."""
    found = (w for w in words if w in text and (not w.isascii() or _stands(w, text)))
    return tuple(islice(found, limit))


def _stands(word: str, text: str) -> bool:
    at = text.find(word)
    while at >= 0:
        # To look beside it is faster than a pattern for each word of each question.
        if not any(
            c.isalnum() or c == "_" for c in (text[max(at - 1, 0) : at], text[at + len(word) : at + len(word) + 1])
        ):
            return True
        at = text.find(word, at + 1)
    return False


class Lexicon:
    """A tantivy index of the units' words, searched a group (a jurisdiction in one language) at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the index in ``folder``, which ``Lexicon.build`` wrote. Raises ValueError if it is none."""
        import tantivy

        self._tantivy = tantivy
        self._index = tantivy.Index.open(str(folder))
        self._schema = self._index.schema
        self._searcher = self._index.searcher()

    @staticmethod
    def build(folder: Path, units: Iterable[tuple[int, str, Sequence[str]]]) -> None:
        """Write an index of (row, group name, words) into the empty ``folder``."""
        import tantivy

        schema = (
            tantivy.SchemaBuilder()
            .add_integer_field("row", stored=True, indexed=False, fast=True)
            .add_text_field("group", tokenizer_name="raw")
            .add_text_field("words", tokenizer_name="whitespace")
            .build()
        )
        folder.mkdir(parents=True, exist_ok=True)
        index = tantivy.Index(schema, path=str(folder))
        writer = index.writer(num_threads=1)
        for row, group, found in units:
            writer.add_document(tantivy.Document(row=row, group=group, words=" ".join(found)))
        writer.commit()
        writer.wait_merging_threads()

    def __len__(self) -> int:
        return int(self._searcher.num_docs)

    def search(self, query: Sequence[str], groups: Sequence[str], limit: int) -> tuple[np.ndarray, np.ndarray]:
        """Rows of any of ``groups`` with any of the words ``query`` and their BM25 scores, best first, at most
        ``limit``."""
        t = self._tantivy
        if not query or not groups:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        said, home = (
            t.Query.boolean_query([(t.Occur.Should, t.Query.term_query(self._schema, field, one)) for one in wanted])
            for field, wanted in (("words", query), ("group", groups))
        )
        whole = t.Query.boolean_query([(t.Occur.Must, said), (t.Occur.Must, t.Query.const_score_query(home, 0.0))])
        found = self._searcher.search(whole, limit, count=False).hits
        scores = np.array([score for score, _ in found], np.float32)
        rows = self._searcher.fast_field_values("row", [address for _, address in found]) if found else []
        return np.array(rows, np.int64), scores

    def rarest(self, query: Sequence[str], limit: int = QUERY_WORDS) -> list[str]:
        """The distinct words of ``query`` that the index knows, rarest first."""
        known = {word: self._searcher.doc_freq("words", word) for word in dict.fromkeys(query)}
        return sorted((w for w, n in known.items() if n), key=lambda w: (known[w], w))[:limit]

    def weight(self, word: str) -> float:
        """Inverse document frequency of a word (BM25's), 0 for a word the index does not know."""
        n = self._searcher.doc_freq("words", word)
        total = self._searcher.num_docs
        return math.log(1 + (total - n + 0.5) / (n + 0.5)) if n else 0.0
