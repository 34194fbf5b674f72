"""Legal concepts in the languages of the region: which of them a text names, whatever its language."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from lawsearch.errors import MetadataError
from lawsearch.text import digits, normal
from lawsearch.tracing import LEADING, MARKS, SUFFIXED, UNSPACED, Traced, edges, traced
from lawsearch.vocabulary import languages

# Portuguese stems up to a letter that only the spelling before 1990 writes, where c, ç or t follows: protecção,
# adoptar. Words that keep theirs (facto, contacto, secção, opção, intelectual) are not among them.
_MUTE = r"""
\bac coac desac inac interac proac reac retroac transac frac trac redac exac carác didác tác afec arquitec colec confec
detec dialec direc efec \belec oelec eléc infec jec \blec perspec prospec protec \brec correc respec selec inspec espec
aspec vec \bsec(?=t) noc adop \bbap acep concep decep excep intercep percep recep suscep óp
"""
# Spellings that vary within a language, made one before matching; labels and texts alike.
_FOLDS: dict[str, tuple[tuple[str, str], ...]] = {
    "en": (
        (r"iz(?=e|ing|ation)", "is"), ("licens", "licenc"), (r"\b(of|de)fense", r"\1fence"), ("judgement", "judgment"),
        ("labor(?!i)", "labour"),
    ),
    "vi": tuple((f"{a}{v}(?!\\w)", f"{t}{b}") for a, vs, ts, b in (
        ("o", "àáảãạ", "òóỏõọ", "a"), ("o", "èéẻẽẹ", "òóỏõọ", "e"), ("u", "ỳýỷỹỵ", "ùúủũụ", "y"),
    ) for v, t in zip(vs, ts, strict=True)),
    "tl": (("siy(?=[aeo])", "sy"),),
    "tet": (("á", "a"), ("é", "e"), ("í", "i"), ("ó", "o"), ("ú", "u")),
    "pt": (
        ("[cp](?=[cçt])(?:" + "|".join(f"(?<={stem})" for stem in _MUTE.split()) + ")", ""),
        ("contra ordena", "contraordena"), ("infra estrutur", "infraestrutur"), ("co autor(?!i)", "coautor"),
    ),
    # A tone mark before its vowel sign is put behind it, and am in two signs is made one.
    "th": (("([\u0e48-\u0e4b])([\u0e31\u0e34-\u0e37\u0e4d])", r"\2\1"), ("\u0e4d([\u0e48-\u0e4b]?)า", "\\1\u0e33")),
    "lo": (
        ("([\u0ec8-\u0ecb])([\u0eb1\u0eb4-\u0eb9\u0ebb\u0ecd])", r"\2\1"),
        ("\u0ecd([\u0ec8-\u0ecb]?)າ", "\\1\u0eb3"), ("\u0eb3([\u0ec8-\u0ecb])", "\\1\u0eb3"),
        ("ຫນ", "ໜ"), ("ຫມ", "ໝ"), ("ຫລ", "ຫຼ"), ("(?:ເອ|ອີ)ເລັກໂ[ຕທ]ຣ?ນິກ(?:ສ໌?)?", "ເອເລັກໂຕຣນິກ"),
    ),
    # The subscripts of ត and ដ look the same; the subscript ro is written last.
    "km": (("\u17d2ដ", "\u17d2ត"), ("(\u17d2រ)(\u17d2.)", r"\2\1"), ("ឲ", "ឱ")),
    "my": (("\u102b", "\u102c"), ("ဥ(?=[\u102c\u103a])", "ဉ"), ("စျ", "ဈ")),
}  # fmt: skip
_SIGNS = str.maketrans(dict.fromkeys("-‐‑‒–", " ") | {"’": "'", "\u200c": None, "\u200d": None})
_IGNORED = "[" + "".join(chr(sign) for sign, other in _SIGNS.items() if other is None) + "]"
_LONG = 10  # characters from which a label is too long to arise by chance where two words meet


@dataclass(frozen=True, slots=True)
class Concept:
    """A concept: its key, its field of law, and the words for it by language, the usual one first."""

    key: str
    field: str
    labels: Mapping[str, tuple[str, ...]]


def _lower(text: str) -> str:
    # Of all letters only this one gets longer, by a mark that would look like the end of a word.
    return text.replace("İ", "i").lower()


def _folded(text: str, language: str) -> str:
    text = _lower(digits(normal(text))).translate(_SIGNS)
    for pattern, spelling in _FOLDS.get(language, ()):
        text = re.sub(pattern, spelling, text)
    return normal(text)


def _solid(form: str, language: str) -> str:
    """A folded label or match as it is looked up: without its spaces where they make no difference."""
    return form.replace(" ", "") if language in UNSPACED else form


# What ends a word, and its plural, by language; and what a word that takes the plural is followed by.
_PLURALS = {
    "en": (("(?<=[^aeiou])y$", "ies"), ("(?<=s|x)$|(?<=ch|sh)$", "es"), ("$", "s")),
    "pt": (
        ("ão$", "ões"), ("m$", "ns"), ("[eé]l$", "eis"), ("(?<=[aou])l$", "is"), ("(?<=r|z)$", "es"), ("(?<=s)$", ""),
        ("$", "s"),
    ),
}  # fmt: skip
# How Tamil words go on: what an ending is written as before the endings of cases and the plural.
_ENDINGS = {
    "ம்": ("ம", "த்த", "ங்க"), "டு": ("ட்ட", "டை"), "று": ("ற்ற", "றை"), "ு": ("ை", "ின", "ில", "ால", "ிட"),
    "்": ("",),
}  # fmt: skip
_OF = {"en": "( of )", "pt": "( (?:d|pel)[aeo]s? )"}


def _plural(word: str, language: str) -> str:
    end, plural = next((end, plural) for end, plural in _PLURALS[language] if re.search(end, word))
    return re.sub(end, plural, word, count=1)


def _forms(label: str, language: str) -> list[str]:
    """The label and its regular forms: plurals, Indonesian and Malay -nya, the Filipino linker -ng or -g, what Tamil
    endings are put behind."""
    if language in _PLURALS:
        head, *rest = re.split(_OF[language], label, maxsplit=1)
        return [label, _plural(label, language), "".join([_plural(head, language), *rest])]
    if language == "tl":
        return [label] + [label + ("g" if label[-1] == "n" else "ng")] * (label[-1] in "aeioun")
    if language in SUFFIXED:
        end = next((end for end in _ENDINGS if label.endswith(end)), "")
        return [label] + [label.removesuffix(end) + other for other in _ENDINGS.get(end, ())]
    return [label] + [label + "nya"] * (language in ("id", "ms"))


def read(table: Mapping[str, Mapping[str, object]]) -> dict[str, Concept]:
    """Concepts by key, from a table as in ``data/concepts.toml``: key -> field and labels by language.

    Raises MetadataError for a concept without field or English label, a language that the vocabulary does not
    have, an empty label, and a label that stands for two concepts (or twice) in one language.
    """
    found, taken = {}, dict[tuple[str, str], str]()
    for key, row in table.items():
        field, labels = row.get("field"), {code: value for code, value in row.items() if code != "field"}
        if not isinstance(field, str) or not field or "en" not in labels:
            raise MetadataError(f"concept {key}: no field or no English label", "Give it both.")
        for code, values in labels.items():
            if code not in languages() or code == "unknown":
                raise MetadataError(f"concept {key}: unknown language {code}", "Use a code of languages.toml.")
            if not isinstance(values, list) or not values:
                raise MetadataError(f"concept {key}: no labels in {code}", "Give a list of labels or leave it out.")
            for value in values:
                if not isinstance(value, str) or not (form := _solid(_folded(value, code), code)):
                    raise MetadataError(f"concept {key}: an empty label in {code}", "Give words.")
                if other := taken.get((code, form)):
                    raise MetadataError(f"{value!r} in {code} stands for {other} and for {key}", "Keep one of them.")
                taken[code, form] = key
        found[key] = Concept(key, field, {code: tuple(values) for code, values in labels.items()})  # type: ignore[arg-type]
    return found


@cache
def concepts() -> dict[str, Concept]:
    """All concepts by key, in the order of the file. Raises MetadataError (see ``read``)."""
    return read(tomllib.loads(files("lawsearch").joinpath("data", "concepts.toml").read_text("utf-8")))


def label(concept: str, language: str) -> str:
    """The usual word for a concept in a language, in English where it has none; an unknown concept's key as it is."""
    known = concepts().get(concept)
    return (known.labels.get(language) or known.labels["en"])[0] if known else concept


def _tokens(form: str, language: str) -> list[str]:
    """The regular expression of a form, character by character, with " ?" where a space may stand or not.

    In an unspaced script that is where the label has one, and in long labels wherever a syllable can begin; in a short
    one it would join the end of a word and the beginning of the next.
    """
    if language not in UNSPACED:
        return [re.escape(c) for c in form]
    if len(form) >= _LONG:
        form = re.sub(f"(?<=.[^ {LEADING}])(?=[^ {MARKS}].)", " ", form)
    return [" ?" if c == " " else re.escape(c) for c in form]


def _trie_pattern(trie: dict) -> str:
    """A regular expression for the words in a trie of tokens ('' ends a word), longer words tried first."""
    ways = [token + _trie_pattern(trie[token]) for token in sorted(trie, key=lambda token: token != " ?") if token]
    if not ways:
        return ""
    body = f"(?:{'|'.join(ways)})" if len(ways) > 1 or "" in trie else ways[0]
    return body + "?" if "" in trie else body


@cache
def _matcher(language: str) -> tuple[re.Pattern[str], dict[str, str]]:
    """One pattern for all labels of a language, whose only group is what is a form of one, and each form's concept."""
    listed = {_folded(text, language): c.key for c in concepts().values() for text in c.labels.get(language, ())}
    of = {form: key for text, key in reversed(listed.items()) for form in _forms(text, language)} | listed
    trie: dict = {}
    for form in of:
        node = trie
        for token in _tokens(form, language):
            node = node.setdefault(token, {})
        node[""] = {}
    before, after = edges(language)
    pattern = re.compile(f"{before}({_trie_pattern(trie)}){after}" if of else r"(?!)()")
    return pattern, {_solid(form, language): key for form, key in of.items()}


def concepts_in(text: str, language: str) -> Counter[str]:
    """The concepts that a text names, each with how often; for a language without labels, by the English ones.

    Read from the left, the longest label at each place counts and its words count for no other concept: "personal
    data breach" is no "personal data". Case, hyphens and common spelling variants make no difference, nor do spaces
    in scripts that are written without.
    """
    pattern, of = _matcher(language)
    if not of:
        language = "en"
        pattern, of = _matcher(language)
    found = pattern.findall(_folded(text, language))
    return Counter(of[_solid(form, language)] for form in found)


@lru_cache(1024)
def mentions(text: str, language: str) -> tuple[tuple[int, int, str], ...]:
    """Where ``text`` as printed names concepts, read as ``concepts_in`` reads: start, end and key of each."""
    pattern, of = _matcher(language)
    if not of:
        language = "en"
        pattern, of = _matcher(language)
    source = traced(text)
    # A letter whose small form is two letters would shift all that follows; no label has one.
    lowered = _lower(source.text)
    kept = {sign: other for sign, other in _SIGNS.items() if other is not None}
    source = Traced(lowered.translate(kept), source.starts, source.ends).sub(_IGNORED, "")
    for spelling, folded in _FOLDS.get(language, ()):
        source = source.sub(spelling, folded)
    source = source.sub(" {2,}", " ")
    return tuple((*source.place(*m.span()), of[_solid(m[1], language)]) for m in pattern.finditer(source.text))
