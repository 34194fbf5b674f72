"""Every error the project raises on purpose. Each message says what is wrong, where, and what to do."""

from __future__ import annotations


class LawsearchError(Exception):
    """Base of all errors shown to a person: ``problem`` says what and where, ``remedy`` what to do."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(f"{problem}. {remedy}" if remedy else problem)
        self.problem = problem
        self.remedy = remedy


class DocumentError(LawsearchError):
    """A file that cannot be read as a law: encrypted, truncated, empty, image-only, not a PDF."""

    def __init__(self, path: object, reason: str, remedy: str = "") -> None:
        super().__init__(f"{path}: {reason}", remedy)
        self.path = str(path)
        self.reason = reason


class MetadataError(LawsearchError):
    """A catalogue entry or sidecar whose field is missing or has a value outside the vocabulary."""


class SettingsError(LawsearchError):
    """A setting that cannot be used."""


class QueryError(LawsearchError):
    """A query, filter or clause that cannot be answered as given."""


class NotFoundError(LawsearchError):
    """No instrument or provision with that identifier in the generation being served."""


class GenerationError(LawsearchError):
    """No generation to serve, or one that is incomplete or made by another model or format."""


class ModelError(LawsearchError):
    """An embedding model that cannot be loaded or converted."""


class BusyError(LawsearchError):
    """More work at once than the server does; ``after`` so many seconds it is worth asking again."""

    after = 3


class StaleError(LawsearchError):
    """The index is served, but no run has looked for newer texts for longer than the settings allow."""


class InUseError(LawsearchError):
    """Another process is changing the index."""
