from __future__ import annotations

import tomllib

import pytest

from lawsearch.errors import MetadataError
from lawsearch.instrument import FIELDS, Instrument, instrument_from

GOOD = {"id": "/akn/sg/act/2041/3", "jurisdiction": "sg"}


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"id": None}, "no id"),
        ({"id": "sg-3"}, "'sg-3'"),
        ({"id": "/akn/SG/act/2041/3"}, "/akn/SG/act/2041/3"),
        ({"id": "/akn/sg/act/2041/3 "}, "'/akn/sg/act/2041/3 '"),
        ({"kind": "ukase"}, "kind 'ukase'"),
        ({"force": "soft"}, "force 'soft'"),
        ({"status": "dead"}, "status 'dead'"),
        ({"year": 62}, "year 62"),
        ({"year": "2041"}, "year"),
        ({"enacted": "5 May 2041"}, "enacted '5 May 2041'"),
        ({"commenced": "2041-5-5"}, "commenced"),
        ({"version": "latest"}, "version"),
        ({"languages": "en"}, "languages"),
        ({"languages": ["en", 1]}, "languages"),
        ({"title": 7}, "title"),
        ({"colour": "red"}, "'colour'"),
    ],
)
def test_an_error_names_the_file_and_the_field(wrong: dict[str, object], named: str) -> None:
    with pytest.raises(MetadataError) as caught:
        instrument_from({**GOOD, **wrong}, "laws.toml, instrument 3")
    assert str(caught.value).startswith("laws.toml, instrument 3: ")
    assert named in caught.value.problem


def test_every_field_of_a_toml_table_arrives() -> None:
    table = tomllib.loads("""
        id = "/akn/th/act/2562/personal-data"
        jurisdiction = "th"
        title = "Act"
        kind = "act"
        force = "binding"
        status = "in force"
        year = 2019
        languages = ["th", "en"]
        authoritative = "th"
        enacted = 2019-05-24
        commenced = "2020"
        version = "2019-05"
    """)
    found = instrument_from(table, "x.toml")
    assert (found.enacted, found.commenced, found.version) == ("2019-05-24", "2020", "2019-05")
    assert found.languages == ("th", "en")
    assert set(table) < set(FIELDS)
    assert (found.status_source, found.number, found.notes) == ("", "", "")


def test_nothing_is_defaulted_but_to_unknown() -> None:
    found = Instrument(id="/akn/unknown/doc/x")
    assert {found.jurisdiction, found.kind, found.force, found.status, found.authoritative} == {"unknown"}
    assert found.year is None
    assert found.languages == ()


@pytest.mark.parametrize(
    ("titles", "name"),
    [
        ({"short_title": "S", "title": "T", "native_title": "N"}, "S"),
        ({"title": "T", "native_title": "N"}, "T"),
        ({"native_title": "N"}, "N"),
        ({}, "/akn/sg/act/2041/3"),
    ],
)
def test_it_is_cited_by_its_shortest_title(titles: dict[str, str], name: str) -> None:
    assert Instrument(id="/akn/sg/act/2041/3", **titles).name == name
