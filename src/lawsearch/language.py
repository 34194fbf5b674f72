"""The language of a text: by its script where one settles it, else among the region's Latin-script languages."""

from __future__ import annotations

import re
import threading
from collections import Counter
from functools import cache
from typing import Any

from lawsearch.instrument import UNKNOWN
from lawsearch.vocabulary import languages

#: Latin text of fewer letters is too little for a guess by statistics.
ENOUGH = 12
#: Share of the letters from which a script settles the language: laws quote English in every script.
SETTLED = 0.4
_lock = threading.Lock()


@cache
def _classifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    # One of our own: set_languages on the module's would change it for everyone.
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = set(identifier.labels)
    identifier.set_languages([code for code, row in languages().items() if not row.block and code in known])
    return identifier


def script(text: str) -> str:
    """The language whose Unicode block holds most of the letters of ``text``; empty where none settles it."""
    letters = [ord(c) for c in text if c.isalpha()]
    for code, row in languages().items():
        if row.block and sum(row.block[0] <= c <= row.block[1] for c in letters) > SETTLED * len(letters):
            return code
    return ""


def detect(text: str, jurisdiction: str = "") -> str:
    """ISO code of the language of ``text``; ``unknown`` where there is too little to tell.

    Indonesian from Malay, and Tetum from Portuguese, are told by telling words, and where those are even, Indonesian
    from Malay by ``jurisdiction``.
    """
    sample = re.sub(r"\s+", " ", text)[:20_000]
    if settled := script(sample):
        return settled
    if sum(c.isalpha() for c in sample) < ENOUGH:
        return UNKNOWN
    with _lock:
        code = str(_classifier().classify(sample)[0])
    words = Counter(re.findall(r"[^\W\d_][\w'’-]*", sample.casefold()))
    counts = {row.code: sum(words[w] for w in row.telling) for row in languages().values() if row.telling}
    if counts["tet"] > counts["pt"] and counts["tet"] > 0.05 * sum(words.values()):
        return "tet"
    if code not in ("id", "ms"):
        return code
    if counts["id"] != counts["ms"]:
        return "id" if counts["id"] > counts["ms"] else "ms"
    return {"id": "id", "my": "ms", "bn": "ms", "sg": "ms"}.get(jurisdiction, code)
