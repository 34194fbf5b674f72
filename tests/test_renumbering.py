from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import SG, Section, expression

from lawsearch.provision import Provision
from lawsearch.renumbering import pairs

LIGHT = ("Duty to light lamps", "A keeper must light every lamp at dusk and keep it lit until sunrise on the next day.")
OIL = ("Oil", "Lamp oil must be clean and must be bought from a licensed seller of oil in the same town.")
FEE = ("Fees", "The Lamp Office collects a yearly fee of twelve dollars for every lamp that is kept in a street.")
SOONER = (LIGHT[0], LIGHT[1].replace("at dusk", "at sunset"))
SHORT = ("", "[Repealed]")


def units(*rows: tuple[str, tuple[str, str]]) -> list[Provision]:
    sections: list[Section] = [(number, *rest) for number, rest in rows]
    return [p for p in expression(SG, "en", sections).provisions if p.is_unit]


def numbers(found: dict[str, str]) -> dict[str, str]:
    return {now.rsplit("_", 1)[1]: then.rsplit("_", 1)[1] for now, then in found.items()}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([("1", LIGHT)], [("1", LIGHT)], {"1": "1"}),
        # The same wording under another number, and a new provision under the old one.
        ([("1", LIGHT)], [("1", OIL), ("1A", LIGHT)], {"1A": "1"}),
        # Everything after an insertion is numbered on.
        ([("1", LIGHT), ("2", OIL)], [("1", FEE), ("2", LIGHT), ("3", OIL)], {"2": "1", "3": "2"}),
        # Renumbered and amended at once.
        ([("1", LIGHT)], [("1", OIL), ("7", SOONER)], {"7": "1"}),
        ([("1", LIGHT)], [("7", SOONER)], {"7": "1"}),
        # Amended where it stood, though a copy of much the same stands elsewhere.
        ([("1", LIGHT)], [("1", SOONER), ("9", (LIGHT[0], LIGHT[1] + " Holidays too."))], {"1": "1"}),
        # Wholly rewritten under its number.
        ([("1", LIGHT), ("2", OIL)], [("1", FEE), ("2", OIL)], {"1": "1", "2": "2"}),
        # Gone and new: nothing in common.
        ([("1", LIGHT)], [("2", OIL)], {}),
        # Two swap their numbers.
        ([("1", LIGHT), ("2", OIL)], [("1", OIL), ("2", LIGHT)], {"1": "2", "2": "1"}),
        # Nobody can say which of two equal ones it is, and "repealed" is no wording to know a provision by.
        ([("1", LIGHT)], [("2", LIGHT), ("3", LIGHT)], {}),
        ([("1", SHORT)], [("2", SHORT)], {}),
        ([], [("1", LIGHT)], {}),
        ([("1", LIGHT)], [], {}),
    ],
)  # fmt: skip
def test_which_provision_is_which(
    old: Sequence[tuple[str, tuple[str, str]]], new: Sequence[tuple[str, tuple[str, str]]], expected: dict[str, str]
) -> None:
    assert numbers(pairs(units(*old), units(*new))) == expected


WORDINGS = st.sampled_from([LIGHT, OIL, FEE, SOONER, SHORT])
TEXTS = st.dictionaries(st.sampled_from([str(n) for n in range(1, 7)]), WORDINGS, max_size=6)


@given(TEXTS, TEXTS)
def test_each_provision_continues_at_most_one_and_equal_ones_stay(
    old: dict[str, tuple[str, str]], new: dict[str, tuple[str, str]]
) -> None:
    found = numbers(pairs(units(*old.items()), units(*new.items())))
    assert set(found) <= set(new)
    assert len(set(found.values())) == len(found)
    assert set(found.values()) <= set(old)
    assert all(found[key] == key for key in new if old.get(key) == new[key])
    # An id that is on both sides is left over on neither alone.
    assert {k for k in new if k not in found} & {k for k in old if k not in found.values()} == set()
