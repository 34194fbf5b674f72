"""HTTP routes of the desk: the matrix, tables of correspondence and concordance, decisions, workspaces."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, FastAPI, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from lawsearch import export, permission, tables, verdicts, workspaces
from lawsearch.concordances import OTHERS, ConcordanceOut, TallyList, TallyOut, concorded
from lawsearch.desk import Desk
from lawsearch.intake import ImportOut, imported
from lawsearch.matrices import Matrices, MatrixOut, matrix_page
from lawsearch.queries import MatrixQuery
from lawsearch.schemas import Problem
from lawsearch.service import View
from lawsearch.spreadsheet import XLSX
from lawsearch.tables import AlignmentsOut, Tables
from lawsearch.typesetting import DOCX
from lawsearch.verdicts import DecisionIn, DecisionList, DecisionOut
from lawsearch.workspaces import KeepIn, WorkspaceIn, WorkspaceList, WorkspaceOut, WorkspaceRef

router = APIRouter()
_PIVOT, _OTHER = "/akn/sg/act/2012/26", "/akn/my/act/2010/709"
NOT_FOUND: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such text or provision"}}
REFUSED: dict[int | str, dict[str, Any]] = {
    401: {"model": Problem, "description": "The token is missing or wrong"},
    403: {"model": Problem, "description": "The request comes from another site, or nobody may write"},
}


class AlignQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    source: str = Field(description="Id of an instrument, or of one of its languages.", examples=[_PIVOT])
    target: list[str] = Field(
        [], max_length=tables.TARGETS, description="Ids of the others; none: all instruments of the corpus.",
        examples=[[_OTHER]],
    )  # fmt: skip


class ConcordanceQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pivot: str = Field(description="Id of the pivot: an instrument, or one of its languages.", examples=[_PIVOT])
    other: list[str] = Field(min_length=1, max_length=OTHERS, description="Ids of the others.", examples=[[_OTHER]])


class PairQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")
    pivot: str = Field(description="Id of the pivot: an instrument, or one of its languages.", examples=[_PIVOT])
    other: str = Field(description="Id of the other.", examples=[_OTHER])


class ImportQuery(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)
    name: str = Field(
        min_length=1, max_length=verdicts.SIGNATURE, description="Who signs the decisions.", examples=["A. Drafter"]
    )


def _view(request: Request) -> View:
    return request.app.state.service.view()


def desk_of(request: Request) -> Desk:
    """The desk of the server that a request is for."""
    return Desk(request.app.state.service.settings.desk_path)


def tables_of(request: Request) -> Tables:
    """The tables that the server has made already."""
    return request.app.state.tables


def matrices_of(request: Request) -> Matrices:
    """The rows of pivots that the server has made already."""
    return request.app.state.matrices


Current = Annotated[View, Depends(_view)]
AtDesk = Annotated[Desk, Depends(desk_of)]
Made = Annotated[Tables, Depends(tables_of)]
WorkspaceId = Annotated[str, Path(alias="id", description="Id of a workspace.", examples=["second-reading"])]
WRITING = [Depends(permission.writing)]


class _Docx(Response):
    media_type = DOCX


class _Xlsx(Response):
    media_type = XLSX


class _Csv(Response):
    media_type = "text/csv"


def _file(kind: type[Response]) -> dict[str, Any]:
    """What a route that gives a file documents of it."""
    schema = {"type": "string", "format": "binary", "example": "(the file)"}
    content = {kind.media_type: {"schema": schema}}
    return {
        "response_class": kind, "responses": {**NOT_FOUND, 200: {"content": content, "description": "The file"}},
    }  # fmt: skip


def _named(kind: type[Response], data: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-cache"}
    return kind(data, headers=headers)


def file_name(what: str, key: str, end: str) -> str:
    """A file name made of a text: ``concordance-sg-act-2012-26-en.docx``."""
    return f"{what}-{key.removeprefix('/akn/').replace('/', '-')}"[:120] + f".{end}"


# -- matrix ---------------------------------------------------------------------------------------------------------


def _matrix(
    view: Current,
    made: Annotated[Matrices, Depends(matrices_of)],
    desk: AtDesk,
    query: Annotated[MatrixQuery, Query()],
) -> MatrixOut:
    return matrix_page(view, made, desk, query)


Matrix = Annotated[MatrixOut, Depends(_matrix)]


def _of_matrix(found: MatrixOut, end: str) -> str:
    return file_name("matrix", found.pivot.id if found.pivot else found.field, end)


@router.get("/api/matrix", summary="Topics or provisions by jurisdiction", tags=["tables"], responses=NOT_FOUND)
def get_matrix(found: Matrix) -> MatrixOut:
    """The topics of a field of law, or the provisions of a pivot text, in rows; jurisdictions in columns; in the cells
    what they have and how sure that is, or why nothing is said; summaries of rows and columns."""
    return found


@router.get("/api/matrix.docx", summary="Matrix for Word", tags=["tables"], **_file(_Docx))
def get_matrix_docx(found: Matrix) -> Response:
    """As it stands on the page, on landscape paper."""
    return _named(_Docx, export.matrix_docx(found), _of_matrix(found, "docx"))


@router.get("/api/matrix.xlsx", summary="Matrix for Excel", tags=["tables"], **_file(_Xlsx))
def get_matrix_xlsx(found: Matrix) -> Response:
    """As it stands on the page, a column a jurisdiction."""
    return _named(_Xlsx, export.matrix_xlsx(found), _of_matrix(found, "xlsx"))


@router.get("/api/matrix.csv", summary="Matrix as CSV", tags=["tables"], **_file(_Csv))
def get_matrix_csv(found: Matrix) -> Response:
    """One cell a line, with the ids of its provisions, the decision, and the address of its comparison."""
    return _named(_Csv, export.matrix_csv(found), _of_matrix(found, "csv"))


# -- correspondence -------------------------------------------------------------------------------------------------


@router.get("/api/align", summary="Table of correspondence", tags=["tables"], responses=NOT_FOUND)
def get_align(view: Current, made: Made, query: Annotated[AlignQuery, Query()]) -> AlignmentsOut:
    """All correspondences between the provisions of two texts, or of one and all others, with grades and reasons."""
    return tables.aligned(view, made, query.source, query.target)


@router.get("/api/align.csv", summary="Table of correspondence as CSV", tags=["tables"], **_file(_Csv))
def get_align_csv(view: Current, made: Made, query: Annotated[AlignQuery, Query()]) -> Response:
    """The same, a correspondence a line, and a line for each provision without one."""
    found = tables.aligned(view, made, query.source, query.target)
    return _named(_Csv, export.alignment_csv(found), file_name("correspondence", found.tables[0].source.id, "csv"))


# -- concordance ----------------------------------------------------------------------------------------------------


def _concordance(
    view: Current, made: Made, desk: AtDesk, query: Annotated[ConcordanceQuery, Query()]
) -> ConcordanceOut:
    return concorded(view, made, desk, query.pivot, query.other)


Concordance = Annotated[ConcordanceOut, Depends(_concordance)]


@router.get("/api/concordance", summary="Table of concordance", tags=["tables"], responses=NOT_FOUND)
def get_concordance(found: Concordance) -> ConcordanceOut:
    """From a pivot text to others, row by row: both texts, status, comment, decision, and the machine's reasons."""
    return found


@router.get("/api/concordance.docx", summary="Table of concordance for Word", tags=["tables"], **_file(_Docx))
def get_concordance_docx(found: Concordance) -> Response:
    """On landscape paper, a table for each other text, without what was rejected."""
    return _named(_Docx, export.as_docx(found), file_name("concordance", found.pivot.id, "docx"))


@router.get("/api/concordance.xlsx", summary="Table of concordance for Excel", tags=["tables"], **_file(_Xlsx))
def get_concordance_xlsx(found: Concordance) -> Response:
    """One row a line, with all that is known of both sides."""
    return _named(_Xlsx, export.as_xlsx(found), file_name("concordance", found.pivot.id, "xlsx"))


@router.get("/api/concordance.csv", summary="Table of concordance as CSV", tags=["tables"], **_file(_Csv))
def get_concordance_csv(found: Concordance) -> Response:
    """One row a line; what is changed in it can be sent back to /api/concordance/import."""
    return _named(_Csv, export.as_csv(found), file_name("concordance", found.pivot.id, "csv"))


@router.post(
    "/api/concordance/import", summary="Read a table back from CSV", tags=["tables"], dependencies=WRITING,
    responses=REFUSED,
)  # fmt: skip
def post_import(
    view: Current,
    made: Made,
    desk: AtDesk,
    query: Annotated[ImportQuery, Query()],
    data: Annotated[bytes, Body(media_type="text/csv", description="The file, in UTF-8.")],
) -> ImportOut:
    """Records the decisions of a CSV in the form of /api/concordance.csv; rows that stand already are left alone."""
    return imported(view, made, desk, data, query.name)


@router.get("/api/concordances", summary="Tables with decisions", tags=["tables"])
def get_concordances(desk: AtDesk) -> TallyList:
    """The pairs of texts on which somebody decided, latest first."""
    tallies = [TallyOut(pivot=t.pivot, other=t.other, decisions=t.decisions, last=t.last) for t in desk.tallies()]
    return TallyList(tables=tallies)


@router.get("/api/decisions", summary="Decisions on two texts", tags=["tables"], responses=NOT_FOUND)
def get_decisions(view: Current, desk: AtDesk, query: Annotated[PairQuery, Query()]) -> DecisionList:
    """Every decision ever made, with name and time; the last on a pair holds."""
    pivot, other = tables.text_of(view, query.pivot), tables.text_of(view, query.other)
    return DecisionList(decisions=[DecisionOut.of(d) for d in desk.history(pivot.id, other.id)])


@router.post(
    "/api/decisions", summary="Decide on a row", tags=["tables"], dependencies=WRITING, responses=REFUSED | NOT_FOUND
)
def post_decision(view: Current, made: Made, desk: AtDesk, asked: DecisionIn) -> DecisionOut:
    """Confirms, rejects or corrects a suggestion, with a status and a comment; the wordings decided on are noted."""
    decision = verdicts.decided(view, made, asked)
    desk.decide([decision])
    return DecisionOut.of(decision)


# -- workspaces -----------------------------------------------------------------------------------------------------


@router.get("/api/workspaces", summary="All workspaces", tags=["workspaces"])
def get_workspaces(desk: AtDesk) -> WorkspaceList:
    """Named selections of provisions, by title."""
    return WorkspaceList(workspaces=[WorkspaceRef.of(w) for w in desk.workspaces()])


@router.post("/api/workspaces", summary="A new workspace", tags=["workspaces"], dependencies=WRITING, responses=REFUSED)
def post_workspace(desk: AtDesk, asked: WorkspaceIn) -> WorkspaceRef:
    """Makes an empty workspace; its id comes from the title."""
    return WorkspaceRef.of(desk.make_workspace(asked.title.strip(), asked.name.strip()))


@router.get("/api/workspaces/{id}", summary="One workspace", tags=["workspaces"], responses=NOT_FOUND)
def get_workspace(view: Current, desk: AtDesk, key: WorkspaceId) -> WorkspaceOut:
    """What it keeps, with the texts as they read now."""
    return workspaces.workspace_out(view, desk.workspace(key))


@router.delete(
    "/api/workspaces/{id}", summary="Remove a workspace", tags=["workspaces"], dependencies=WRITING,
    responses=REFUSED | NOT_FOUND,
)  # fmt: skip
def delete_workspace(desk: AtDesk, key: WorkspaceId) -> WorkspaceList:
    """Removes it with all it keeps; gives those that are left."""
    desk.remove_workspace(key)
    return get_workspaces(desk)


@router.post(
    "/api/workspaces/{id}/provisions", summary="Put provisions into a workspace", tags=["workspaces"],
    dependencies=WRITING, responses=REFUSED | NOT_FOUND,
)  # fmt: skip
def post_kept(view: Current, desk: AtDesk, key: WorkspaceId, asked: KeepIn) -> WorkspaceOut:
    """Adds provisions by their ids; of one that is there already, the note and the wording are renewed."""
    workspaces.keep(view, desk, key, asked)
    return workspaces.workspace_out(view, desk.workspace(key))


@router.delete(
    "/api/workspaces/{id}/provisions", summary="Take provisions out of a workspace", tags=["workspaces"],
    dependencies=WRITING, responses=REFUSED | NOT_FOUND,
)  # fmt: skip
def delete_kept(
    view: Current,
    desk: AtDesk,
    key: WorkspaceId,
    provision: Annotated[list[str], Query(description="Their ids.", examples=[["/akn/sg/act/2012/26/en/~sec_26D"]])],
) -> WorkspaceOut:
    """Takes provisions out by their full ids."""
    desk.drop(key, provision)
    return workspaces.workspace_out(view, desk.workspace(key))


def mount(app: FastAPI) -> None:
    """Add the routes to the app."""
    app.state.tables, app.state.matrices = Tables(), Matrices()
    app.include_router(router)
