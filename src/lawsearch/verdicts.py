"""What people say of rows of a table of concordance: checked, completed, and as it leaves through the HTTP edge."""

from __future__ import annotations

from dataclasses import replace

from pydantic import BaseModel, Field

from lawsearch import concordance
from lawsearch.correspondence import Side
from lawsearch.decision import STATUSES, VERDICTS, WITHOUT, Decision
from lawsearch.desk import now
from lawsearch.errors import NotFoundError, QueryError
from lawsearch.service import View
from lawsearch.tables import Tables, text_of, units_of
from lawsearch.text import digits

#: Longest comment and longest name, in characters.
COMMENT, SIGNATURE = 4000, 100
_OTHER = "/akn/my/act/2010/709/en"
_SECTION = "/akn/sg/act/2012/26/en/~sec_26D"
_ARTICLE = "/akn/my/act/2010/709/en/~sec_12B"


class DecisionOut(BaseModel):
    """A decision as it was recorded."""

    source: str = Field(description="Id of the provision of the pivot.", examples=[_SECTION])
    other: str = Field(description="The other text.", examples=[_OTHER])
    suggested: str = Field(description="The suggestion it is about, or empty for no counterpart.", examples=[_ARTICLE])
    verdict: str = Field(description="What was said.", examples=["confirmed"])
    status: str = Field(description="How far the rule is taken over.", examples=["full"])
    corresponding: str = Field(description="What corresponds after it, or empty.", examples=[_ARTICLE])
    comment: str = Field(description="A comment, or empty.", examples=["The period differs."])
    name: str = Field(description="Who decided.", examples=["A. Drafter"])
    time: str = Field(description="When, UTC.", examples=["2026-11-23T12:00:00+00:00"])

    @classmethod
    def of(cls, decision: Decision) -> DecisionOut:
        return cls(**{name: getattr(decision, name) for name in cls.model_fields})


class DecisionList(BaseModel):
    decisions: list[DecisionOut] = Field(description="Oldest first; the last on a pair holds.")


class DecisionIn(BaseModel):
    """A decision on one row."""

    model_config = {
        "extra": "forbid", "str_strip_whitespace": True,
        "json_schema_extra": {
            "example": {
                "source": _SECTION, "other": _OTHER, "suggested": _ARTICLE, "verdict": "confirmed",
                "status": "partial", "comment": "The period differs.", "name": "A. Drafter",
            }
        },
    }  # fmt: skip
    source: str = Field(description="Id of the provision of the pivot.", examples=[_SECTION])
    other: str = Field(description="The other text.", examples=[_OTHER])
    suggested: str = Field("", description="The suggestion, as the row has it; empty for none.", examples=[_ARTICLE])
    verdict: str = Field(
        description="confirmed, rejected, corrected (with corresponding), or open to take it back.",
        examples=["confirmed"], json_schema_extra={"enum": list(VERDICTS)},
    )  # fmt: skip
    status: str = Field(
        "", description="full, partial, none or not applicable; empty: as suggested.", examples=["full"],
        json_schema_extra={"enum": ["", *STATUSES]},
    )  # fmt: skip
    corresponding: str = Field("", description="What corresponds instead, for corrected.", examples=[""])
    comment: str = Field("", max_length=COMMENT, description="A comment.", examples=["The period differs."])
    name: str = Field(min_length=1, max_length=SIGNATURE, description="Who decides.", examples=["A. Drafter"])


def decided(view: View, tables: Tables, asked: DecisionIn) -> Decision:
    """A decision as it is recorded, with the digests of the wordings it is about. Raises NotFoundError, QueryError."""
    if asked.verdict not in VERDICTS:
        raise QueryError(f"verdict {asked.verdict!r} is not known", f"Use one of: {', '.join(VERDICTS)}")
    if asked.status and asked.status not in STATUSES:
        raise QueryError(f"status {asked.status!r} is not known", f"Use one of: {', '.join(STATUSES)}")
    other = text_of(view, asked.other)
    name = " ".join(asked.name.split())
    if not name:
        raise QueryError("a decision needs a name", "Say who decides")
    # To take a decision back must be possible even where its provisions are gone.
    if "/~" not in asked.source:
        raise QueryError(f"{asked.source!r} is no id of a provision", "Give the id of a provision of the pivot")
    asked = asked.model_copy(update={"suggested": _suggested(view, other, asked.suggested)})
    source = view.store.provision(asked.source) if asked.verdict != "open" else None
    corresponding = _corresponding(view, other, asked)
    if source and source.id.startswith(f"{other.id}/~"):
        raise QueryError("a provision cannot be set against its own text", "Name another text as other")
    looked_at = asked.suggested if asked.verdict == "rejected" else corresponding
    if asked.verdict == "open":
        digest = ""
    elif looked_at:
        digest = view.store.provision(looked_at).digest
    else:
        digest = concordance.text_digest(units_of(view, other))
    return Decision(
        source=asked.source, other=other.id, suggested=asked.suggested, verdict=asked.verdict,
        status=_status(view, tables, asked, other, corresponding), corresponding=corresponding,
        comment=_comment(asked), name=name, time=now(),
        source_digest=source.digest if source else "", other_digest=digest,
    )  # fmt: skip


def commented(view: View, tables: Tables, standing: Decision, asked: DecisionIn) -> Decision:
    """The decision that stands with another status and comment: the wordings stay those that were decided on.

    Raises NotFoundError, QueryError.
    """
    if standing.verdict == "open":
        return decided(view, tables, asked.model_copy(update={"verdict": "open", "corresponding": ""}))
    if asked.status and asked.status not in STATUSES:
        raise QueryError(f"status {asked.status!r} is not known", f"Use one of: {', '.join(STATUSES)}")
    name = " ".join(asked.name.split())
    if not name:
        raise QueryError("a decision needs a name", "Say who decides")
    asked = asked.model_copy(update={"verdict": standing.verdict})
    status = _status(view, tables, asked, text_of(view, standing.other), standing.corresponding)
    return replace(standing, status=status, comment=_comment(asked), name=name, time=now())


def alike(one: Decision, other: Decision | DecisionIn) -> bool:
    """Whether two decisions on the same row say that the same corresponds, whatever status and comment they give."""
    corresponding = other.corresponding or (other.suggested if other.verdict == "confirmed" else "")
    if one.standing and other.verdict in ("confirmed", "corrected"):
        return one.corresponding == corresponding
    return one.verdict == other.verdict


def same(one: Decision, other: Decision | DecisionIn) -> bool:
    """Whether two decisions on the same row say the same, whoever made them and of whichever wordings."""
    said = other.comment.replace("\r\n", "\n").strip()
    return alike(one, other) and (one.status, one.comment) == (other.status, said)


def _comment(asked: DecisionIn) -> str:
    return asked.comment.replace("\r\n", "\n").strip()


def _suggested(view: View, other: Side, key: str) -> str:
    """The full id of a suggestion in the other text; one that is gone may be named by its full id. Raises QueryError"""
    if not key or key.startswith(f"{other.id}/~"):
        return key
    try:
        found = view.provision(key).id
    except NotFoundError:
        found = ""
    if not found.startswith(f"{other.id}/~"):
        raise QueryError(f"the suggestion {key!r} is not in {other.id}", "Give the id of a provision of the other text")
    return found


def unit_named(view: View, text: Side, typed: str) -> str:
    """The id of the provision of ``text`` that a person means by an id, a number, a label or a citation.

    Raises NotFoundError where no or more than one provision fits.
    """
    typed = typed.strip()
    if typed.startswith("/"):
        return view.provision(typed).id
    wanted = digits(typed).casefold()
    fitting = [
        u.id for u in units_of(view, text) if wanted in {digits(n).casefold() for n in (u.number, u.label, u.citation)}
    ]
    if len(fitting) != 1:
        many = f"{len(fitting)} provisions of {text.id} are" if fitting else f"no provision of {text.id} is"
        raise NotFoundError(f"{many} called {typed!r}", "Write its number as printed, or its id")
    return fitting[0]


def _corresponding(view: View, other: Side, asked: DecisionIn) -> str:
    """The id of what corresponds after a decision. Raises NotFoundError, QueryError."""
    if asked.verdict == "rejected":
        if not asked.suggested:
            raise QueryError("there is no suggestion to reject", "Confirm that there is none, or name the counterpart")
        return ""
    if asked.verdict == "open":
        return asked.suggested
    if asked.verdict == "corrected" and not asked.corresponding.strip():
        raise QueryError("a correction names what corresponds instead", "Give the id of a provision as corresponding")
    if asked.verdict == "confirmed" and asked.corresponding not in ("", asked.suggested):
        raise QueryError("what is confirmed is the suggestion", "Use the verdict corrected for another provision")
    key = asked.corresponding if asked.verdict == "corrected" else asked.suggested
    if not key:
        return ""
    found = view.provision(key)
    if not found.id.startswith(f"{other.id}/~"):
        raise QueryError(f"{found.id} is not in {other.id}", "Name a provision of the other text")
    return found.id


def _status(view: View, tables: Tables, asked: DecisionIn, other: Side, corresponding: str) -> str:
    """The status that was given, or else the one that the grade suggests; ``partial`` where a person saw what no
    machine did. Raises QueryError where it contradicts what corresponds."""
    if asked.verdict == "rejected":
        return "none"
    if not corresponding:
        if asked.status not in ("", *WITHOUT) and asked.verdict != "open":
            raise QueryError(f"nothing corresponds, so the status cannot be {asked.status}", "Use none, not applicable")
        return asked.status or "none"
    if asked.status == "none" and asked.verdict != "open":
        raise QueryError("a provision corresponds, so the status cannot be none", "Use another, or leave it empty")
    if asked.status not in ("", "none"):
        return asked.status
    pivot = text_of(view, asked.source.split("/~")[0])
    for row in tables.of(view, pivot, other).rows:
        if (row.source, row.target) == (asked.source, corresponding):
            return concordance.SUGGESTED[row.grade]
    return "partial"
