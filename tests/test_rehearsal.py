"""What is only made when it is first needed is there before anybody asks."""

from __future__ import annotations

from functools import cached_property

from lawsearch import drawing
from lawsearch.embedding import Models
from lawsearch.generation import Generation
from lawsearch.search import Searcher
from lawsearch.service import Service, View
from lawsearch.settings import Settings


def test_a_view_is_served_with_all_that_it_makes_once(built: Settings, models: Models) -> None:
    searcher = Searcher(built, Generation.current(built.index_dir), models)
    made = {*vars(Service(built, searcher).view()), *vars(searcher.generation)}
    lazy = {
        name for kind in (View, Generation) for name, value in vars(kind).items() if isinstance(value, cached_property)
    }
    assert "register" in lazy
    assert lazy <= made
    searcher.generation.close()


def test_every_template_is_compiled(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    compiled: list[str] = []
    environment = drawing._environment()
    get = environment.get_template
    monkeypatch.setattr(environment, "get_template", lambda name: compiled.append(get(name).name))
    drawing.prepare()
    assert compiled == environment.list_templates()
    assert "results.html" in compiled
