"""Text as it is matched, as opposed to text as it is shown: normal form, digits, folding, digests."""

from __future__ import annotations

import hashlib
import re
import unicodedata

_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]")
#: Digits of all scripts lie below; to look at every character of Unicode takes a tenth of a second at each start.
_LAST = 0x20000
_DIGITS = {c: str(unicodedata.digit(chr(c))) for c in range(0x80, _LAST) if chr(c).isdecimal()}
_NATIVE = re.compile(r"[^\D0-9]")
#: How Thai laws count the sections that they insert behind one of the same number, which is the first.
INSERTED = {
    "ทวิ": 2, "ตรี": 3, "จัตวา": 4, "เบญจ": 5, "ฉ": 6, "สัตต": 7, "อัฏฐ": 8, "นว": 9, "ทศ": 10, "เอกาทศ": 11, "ทวาทศ": 12,
    "เตรส": 13, "จตุทศ": 14, "ปัณรส": 15, "ปัณณรส": 15, "ปัญจทศ": 15, "โสฬส": 16, "สัตตรส": 17, "อัฏฐารส": 18, "เอกูนวีสติ": 19,
    "วีสติ": 20, "เอกวีสติ": 21, "ทวาวีสติ": 22,
}  # fmt: skip
#: An act by its number and since when, as Singapore and Brunei name what has changed a text; as Malaysia does.
_ACT = (
    r"(?:Act\s[A-Z]?\d{1,4}\sof\s\d{4}|(?:S(?:\(\w+\))?\s?)?\d{1,4}/\d{2,4})"
    r"(?:\s?wef\s?\d{1,2}/\d{1,2}(?:/\d{4})?)?"
)
_BY = (
    r"(?:Am|Ins|Subs?|Del|Rep|Pin|Gan|Pot)\.\s(?:by\s)?"
    r"(?:(?:Act|Akta)\s[A-Z]?\d{1,4}|(?:P\.?U\.?|S)\s?(?:\([A-Z]\)\s?)?\d{1,4}/\d{2,4})"
)
#: The number that a provision had in an earlier edition: ``[12A``.
_FORMER = r"\[\d{1,3}[A-Z]{0,2}\]?"
_MARK = re.compile(rf"(?:(?:{_FORMER}|\[\s?(?:{_ACT}|{_BY})(?:\s?;\s?(?:{_ACT}|{_BY}))*\s?\])\s*)+|{_BY}\.?")


def is_mark(text: str) -> bool:
    """Whether a line only says which act has changed what stands above it: ``[40/2020]``, ``Ins. Act A1727``.

    ``[Act 125]`` behind the name of an act is its number and no such mark.
    """
    return bool(_MARK.fullmatch(text.strip()))


def unmarked(text: str) -> str:
    """A text without the lines that are marks of amendment."""
    return "\n".join(line for line in text.split("\n") if not is_mark(line))


def normal(text: str) -> str:
    """NFC text without soft hyphens or zero-width spaces, runs of white space made one space.

    What models and the lexical index see; the text as printed is kept beside it for display.
    """
    # What stood between a letter and its mark goes first, or the two would stay apart.
    if not text.isascii():
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return " ".join(text.split())


def digits(text: str) -> str:
    """The text with native decimal digits (Thai, Lao, Khmer, Burmese, Tamil ...) as 0-9."""
    # Few texts have any, and to look is many times faster than to translate.
    return text if text.isascii() or not _NATIVE.search(text) else text.translate(_DIGITS)


def folded(text: str) -> str:
    """Letters, marks and digits only, case folded: for comparing titles and headings."""
    text = digits(unicodedata.normalize("NFKC", text)).casefold()
    return "".join(c for c in text if unicodedata.category(c)[0] in "LMN")


def slug(text: str) -> str:
    """Identifier part of a number as printed: ``26D`` as it is, ``๓๗`` as ``37``, ``13 a`` as ``13-a``."""
    text = digits(unicodedata.normalize("NFKC", text))
    text = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    kept = "".join(c if c.isalnum() else "-" for c in text if unicodedata.category(c) != "Mn")
    return re.sub(r"-+", "-", kept).strip("-")


def digest(text: str) -> str:
    """SHA-256 of the normal form, hex: the same for texts that differ only in layout."""
    return hashlib.sha256(normal(text).encode("utf-8")).hexdigest()
