"""The language of a text: by its script where one settles it, else by py3langid among the region's Latin ones."""

from __future__ import annotations

import threading
from collections import Counter
from functools import cache
from typing import Any

from lawsearch.vocabulary import languages

#: Text shorter than this many letters is too little for a statistical guess.
ENOUGH = 12
_lock = threading.Lock()


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE)
    known = set(identifier.labels)
    identifier.set_languages([code for code, row in languages().items() if not row.block and code in known])
    return identifier


def script(text: str) -> str:
    """The language whose Unicode block holds most letters of ``text``; empty if that is the Latin one."""
    counts: Counter[str] = Counter()
    for character in text:
        if not character.isalpha():
            continue
        point = ord(character)
        code = next((c for c, row in languages().items() if row.block and row.block[0] <= point <= row.block[1]), "")
        counts[code] += 1
    return counts.most_common(1)[0][0] if counts else ""


def detect(text: str) -> str:
    """ISO code of the language of ``text``, ``unknown`` where there is too little to tell."""
    settled = script(text[:4000])
    if settled:
        return settled
    if sum(c.isalpha() for c in text) < ENOUGH:
        return "unknown"
    with _lock:
        code, _ = _identifier().classify(text[:4000])
    return str(code)
