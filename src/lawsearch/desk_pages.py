"""Pages of the desk: what the routes of ``desk_api`` answer, drawn for people, and the forms that write."""

from __future__ import annotations

import hashlib
from email.parser import BytesParser
from email.policy import HTTP
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import parse_qs, parse_qsl, quote, urlencode

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import ValidationError

from lawsearch import desk_api, matrices, permission, replies, tables, verdicts, workspaces
from lawsearch.changes import shortened
from lawsearch.concordances import OTHERS, STATES, ConcordanceOut, RowOut, concorded
from lawsearch.decision import STATUSES, WITHOUT
from lawsearch.drawing import draw
from lawsearch.edge import headers_of, problem_of
from lawsearch.errors import LawsearchError, QueryError
from lawsearch.grading import GRADES
from lawsearch.intake import imported
from lawsearch.queries import MatrixQuery
from lawsearch.schemas import InstrumentOut
from lawsearch.service import View
from lawsearch.verdicts import DecisionIn
from lawsearch.workspaces import KEPT, KeepIn

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
WRITING = [Depends(permission.writing)]
#: Characters of a text that a row shows unless the whole texts are asked for.
EXCERPT = 320


async def _form(request: Request) -> dict[str, list[str]]:
    """The fields of a form."""
    try:
        return parse_qs((await request.body()).decode("utf-8", "replace"), max_num_fields=1000)
    except ValueError:
        raise QueryError("the form has more than 1000 fields", "Send fewer at a time") from None


async def _upload(request: Request) -> dict[str, bytes]:
    """The fields of a form that sends a file."""
    kind = request.headers.get("content-type", "").encode("latin-1", "replace")
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + kind + b"\r\n\r\n" + await request.body())
    found = {}
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        data = part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(data, bytes):
            found[name] = data
    return found


Fields = Annotated[dict[str, list[str]], Depends(_form)]
Uploaded = Annotated[dict[str, bytes], Depends(_upload)]


def _one(fields: dict[str, list[str]], name: str) -> str:
    return fields.get(name, [""])[0].strip()


def _named(fields: dict[str, list[str]]) -> str:
    """The name that a form is signed with."""
    return " ".join(_one(fields, "name").split())[: verdicts.SIGNATURE]


def _view(request: Request) -> View:
    return request.app.state.service.view()


def _draw(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page of the desk; all of them know whether this browser may write, and as whom."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    known = {
        "may_write": permission.may_write(request), "signed": permission.signed(request),
        "has_token": permission.door_of(request).entered(request),
        "token_needed": permission.door_of(request).needs_token, "address": here,
        "enter": f"/enter?{urlencode({'next': here})}",
    }  # fmt: skip
    return draw(template, status, **known, **context)


def _wrong(request: Request, error: Exception) -> HTMLResponse:
    found = problem_of(error)
    response = _draw(request, "problem.html", found.status, problem=found)
    response.headers.update(headers_of(error))
    return response


def anchor(other: str, source: str, suggested: str) -> str:
    """The id of a row on its page: it stays while the table around it changes."""
    return "row-" + hashlib.sha256(f"{other} {source} {suggested}".encode()).hexdigest()[:12]


# -- the token and the name -----------------------------------------------------------------------------------------


@router.get("/enter")
def get_enter(request: Request) -> Response:
    back = permission.inward(request.query_params.get("next", "/concordance"))
    return _draw(request, "enter.html", back=back, wrong=False)


@router.post("/enter")
def post_enter(request: Request, fields: Fields) -> Response:
    permission.same_site(request)
    back = permission.inward(_one(fields, "next") or "/concordance")
    response = RedirectResponse(back, 303)
    if permission.enter(request, response, _one(fields, "token")):
        if name := _named(fields):
            permission.sign(request, response, name)
        return response
    return _draw(request, "enter.html", 401, back=back, wrong=True)


@router.post("/leave")
def post_leave(request: Request, fields: Fields) -> Response:
    permission.same_site(request)
    response = RedirectResponse(permission.inward(_one(fields, "next") or "/"), 303)
    permission.leave(response)
    return response


@router.post("/sign", dependencies=WRITING)
def post_sign(request: Request, fields: Fields) -> Response:
    """Remember who decides in this browser."""
    response = RedirectResponse(permission.inward(_one(fields, "next") or "/concordance"), 303)
    permission.sign(request, response, _named(fields))
    return response


# -- the matrix -----------------------------------------------------------------------------------------------------


@router.get("/matrix")
def get_matrix(request: Request) -> Response:
    """Without a field or a pivot, the field that most of the corpus is about; ``rows`` is what the form chose."""
    view = _view(request)
    asked = request.query_params
    codes = list(dict.fromkeys(asked.getlist("jurisdiction")))
    usual = matrices.columns()
    if rows := asked.get("rows"):
        # Comparators alone stand beside the usual columns; a member state among the ticked, and only these are shown.
        wanted = codes if set(codes) & set(usual) else [*usual, *codes] if codes else []
        sides = [("pivot" if rows.startswith("/") else "field", rows), *(("jurisdiction", code) for code in wanted)]
        return RedirectResponse(f"/matrix?{urlencode(sides, safe='/')}", 302)
    try:
        query = MatrixQuery(
            field=asked.get("field") or view.main_field, pivot=asked.get("pivot", ""), jurisdiction=codes
        )
        made = desk_api.matrices_of(request)
        page = matrices.matrix_page(view, made, desk_api.desk_of(request), query)
    except (LawsearchError, ValidationError) as error:
        return _wrong(request, error)
    sides = [("pivot", page.pivot.id) if page.pivot else ("field", page.field)]
    return _draw(
        request, "matrix.html", view=view, page=page, texts=_texts(view), codes=codes,
        columns=list(dict.fromkeys([*usual, *sorted(view.units), *codes])),
        query=urlencode([*sides, *(("jurisdiction", code) for code in codes)], safe="/"),
    )  # fmt: skip


# -- correspondence and concordance ---------------------------------------------------------------------------------


def _texts(view: View) -> list[tuple[str, str, list[tuple[str, InstrumentOut]]]]:
    """The texts that can be chosen, by jurisdiction: (code, name, [(id of the text, instrument)])."""
    found: dict[str, tuple[str, str, list[tuple[str, InstrumentOut]]]] = {}
    for i in replies.instrument_list(view):
        shelf = found.setdefault(i.jurisdiction.code, (i.jurisdiction.code, i.jurisdiction.name, []))
        shelf[2].extend((f"{i.id}/{language}", i) for language in i.languages)
    return list(found.values())


@router.get("/correspondence")
def get_correspondence(request: Request) -> Response:
    view = _view(request)
    asked = request.query_params
    source, targets = asked.get("source", ""), list(dict.fromkeys(filter(None, asked.getlist("target"))))
    if not source:
        return RedirectResponse("/concordance", 302)
    least = asked.get("grade") if asked.get("grade") in GRADES else "related"
    try:
        found = tables.aligned(view, desk_api.tables_of(request), source, targets)
    except LawsearchError as error:
        return _wrong(request, error)
    shown = GRADES[: GRADES.index(least) + 1]
    query = [("source", source), *(("target", t) for t in targets)]
    return _draw(
        request, "correspondence.html", view=view, found=found, shown=shown, least=least, query=urlencode(query),
        sides=urlencode([("pivot", source), *(("other", t) for t in targets[:OTHERS])]) if targets else "",
    )  # fmt: skip


@router.get("/concordance")
def get_concordance(request: Request) -> Response:
    view = _view(request)
    asked = request.query_params
    pivot, others = asked.get("pivot", ""), list(dict.fromkeys(filter(None, asked.getlist("other"))))
    if not pivot or not others:
        tallies = [
            t for t in desk_api.get_concordances(desk_api.desk_of(request)).tables if _there(view, t.pivot, t.other)
        ]
        return _draw(
            request, "concordance.html", view=view, texts=_texts(view), tallies=tallies, pivot=pivot, others=others,
            most=OTHERS, name=lambda key: _name(view, key),
        )  # fmt: skip
    try:
        found = concorded(view, desk_api.tables_of(request), desk_api.desk_of(request), pivot, others)
    except LawsearchError as error:
        return _wrong(request, error)
    sides = [("pivot", pivot), *(("other", o) for o in others)]
    show = next((s for s in STATES if s == asked.get("show")), "all")
    whole = asked.get("texts") == "whole"

    def state(show: str = show, *, whole: bool = whole) -> str:
        """The address of this table with other rows, or with whole texts."""
        rest = [("show", show)] if show != "all" else []
        return urlencode([*sides, *rest, *([("texts", "whole")] if whole else [])])

    return _draw(
        request, "concordance_table.html", view=view, found=found, query=urlencode(sides), show=show, whole=whole,
        state=state, groups=lambda table: _groups([r for r in table.rows if _shown(r, show)]), anchor=anchor,
        shortened=shortened,
        statuses=STATUSES, states=STATES, counts=_counts(found), length=EXCERPT,
        units={t.other.id: _labels(view, t.other.id) for t in found.tables}, comment_length=verdicts.COMMENT,
        signature_length=verdicts.SIGNATURE,
    )  # fmt: skip


def _groups(rows: list[RowOut]) -> list[tuple[str, list[RowOut]]]:
    """The rows of each provision of the pivot together."""
    return [(key, list(group)) for key, group in groupby(rows, key=lambda r: r.source_id)]


def _there(view: View, *keys: str) -> bool:
    """Whether the corpus still has all these texts."""
    try:
        return all(tables.text_of(view, key) for key in keys)
    except LawsearchError:
        return False


def _name(view: View, key: str) -> str:
    return view.instruments[tables.text_of(view, key).instrument].name


def _shown(row: RowOut, show: str) -> bool:
    return show in ("all", row.state)


def _counts(found: ConcordanceOut) -> dict[str, int]:
    return {state: sum(t.counts[state] for t in found.tables) for state in STATES}


def _labels(view: View, key: str) -> list[tuple[str, str]]:
    """What the provisions of a text are called, for a list to choose from: (label, heading)."""
    text = tables.text_of(view, key)
    return [(u.label, u.heading) for u in view.store.contents(text.instrument, text.language)]


@router.post("/concordance/decide", dependencies=WRITING)
def post_decide(request: Request, fields: Fields) -> Response:
    view = _view(request)
    made, desk = desk_api.tables_of(request), desk_api.desk_of(request)
    asked = {name: _one(fields, name) for name in ("source", "other", "suggested", "status", "comment")}
    verdict, typed = _one(fields, "verdict"), _one(fields, "corresponding")
    standing = None
    # The form holds the former status too; a bare verdict says nothing of it.
    if verdict in ("confirmed", "rejected", "open") or (verdict != "comment" and asked["status"] in WITHOUT):
        asked["status"] = ""
    try:
        if verdict in ("corrected", "added"):
            if not typed:
                raise QueryError("a correction names what corresponds", "Type the number of a provision there")
            chosen = verdicts.unit_named(view, tables.text_of(view, asked["other"]), typed)
            # What stands beside a suggestion, or in the place of none, is a row of its own.
            if verdict == "added" or chosen == asked["suggested"]:
                verdict, asked["suggested"] = "confirmed", chosen
            else:
                asked["corresponding"] = chosen
        elif verdict == "comment":
            key = (asked["source"], tables.text_of(view, asked["other"]).id, asked["suggested"])
            pair = (key[0].split("/~")[0], key[1])
            standing = next((d for d in desk.decisions(*pair) if d.key == key), None)
            verdict = standing.verdict if standing else "open"
            # Somebody decided while this page was open: that stands, with its status.
            if standing and verdict != _one(fields, "present"):
                asked["status"] = standing.status
        name = permission.signed(request) or _one(fields, "name")
        given = DecisionIn(**asked, verdict=verdict, name=name)
        decision = verdicts.commented(view, made, standing, given) if standing else verdicts.decided(view, made, given)
    except (LawsearchError, ValidationError) as error:
        return _wrong(request, error)
    desk.decide([decision])
    place = anchor(decision.other, decision.source, decision.suggested)
    return RedirectResponse(f"/concordance?{urlencode(parse_qsl(_one(fields, 'state')))}#{place}", 303)


@router.post("/concordance/import", dependencies=WRITING)
def post_import(request: Request, uploaded: Uploaded) -> Response:
    state = urlencode(parse_qsl(uploaded.get("state", b"").decode("utf-8", "replace")))
    name = permission.signed(request) or uploaded.get("name", b"").decode("utf-8", "replace").strip()
    try:
        if not name:
            raise QueryError("decisions need a name", "Say your name above the table first")
        made, desk = desk_api.tables_of(request), desk_api.desk_of(request)
        found = imported(_view(request), made, desk, uploaded.get("file", b""), name[: verdicts.SIGNATURE])
    except (LawsearchError, ValidationError) as error:
        return _wrong(request, error)
    return _draw(request, "concordance_import.html", found=found, state=state)


# -- workspaces -----------------------------------------------------------------------------------------------------


@router.get("/workspaces")
def get_workspaces(request: Request) -> Response:
    found = desk_api.get_workspaces(desk_api.desk_of(request)).workspaces
    return _draw(request, "workspaces.html", workspaces=found)


@router.get("/workspaces/{key}")
def get_workspace(request: Request, key: str) -> Response:
    view = _view(request)
    found = workspaces.workspace_out(view, desk_api.desk_of(request).workspace(key))
    return _draw(request, "workspace.html", view=view, found=found)


@router.get("/keep")
def get_keep(request: Request) -> Response:
    """Where provisions that were ticked elsewhere are put into a workspace."""
    view = _view(request)
    ids = list(dict.fromkeys(filter(None, request.query_params.getlist("id"))))
    try:
        if len(ids) > KEPT:
            raise QueryError(f"{len(ids)} provisions are too many; {KEPT} are the most", "Keep fewer at a time")
        provisions = [view.provision(key) for key in ids]
    except LawsearchError as error:
        return _wrong(request, error)
    found = desk_api.get_workspaces(desk_api.desk_of(request)).workspaces
    return _draw(request, "keep.html", provisions=provisions, workspaces=found)


@router.post("/keep", dependencies=WRITING)
def post_keep(request: Request, fields: Fields) -> Response:
    """Put provisions into a workspace, a new one where a title is given."""
    view, desk = _view(request), desk_api.desk_of(request)
    name = _one(fields, "name")
    # One an address, or several in a field of lines.
    ids = [line.strip() for value in fields.get("id", []) for line in value.splitlines() if line.strip()]
    try:
        title = _one(fields, "title")
        asked = KeepIn(ids=ids, note=_one(fields, "note"), name=name) if ids else None
        provisions = [view.provision(key) for key in ids]
        if title:
            wanted = workspaces.WorkspaceIn(title=title, name=name)
            key = desk.make_workspace(wanted.title, wanted.name).id
        else:
            key = _one(fields, "workspace")
        if asked and provisions:
            workspaces.keep(view, desk, key, asked)
        elif not title:
            raise QueryError("no provision was named", "Give the ids of provisions, one a line")
    except (LawsearchError, ValidationError) as error:
        return _wrong(request, error)
    response = RedirectResponse(f"/workspaces/{quote(key)}", 303)
    permission.sign(request, response, _named(fields))
    return response


@router.post("/workspaces/{key}/drop", dependencies=WRITING)
def post_drop(request: Request, key: str, fields: Fields) -> Response:
    desk_api.desk_of(request).drop(key, fields.get("id", []))
    return RedirectResponse(f"/workspaces/{quote(key)}", 303)


@router.post("/workspaces/{key}/remove", dependencies=WRITING)
def post_remove(request: Request, key: str) -> Response:
    desk_api.desk_of(request).remove_workspace(key)
    return RedirectResponse("/workspaces", 303)


def mount(app: FastAPI) -> None:
    """Add the pages to the app."""
    app.include_router(router)
