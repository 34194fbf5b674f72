"""Fit the estimate of "no counterpart" on gold tables and write its weights to ``src/lawsearch/data/doubt.toml``.

    python -m tests.quality.calibrate CORPUS GOLD [GOLD ...]

A logistic regression on the kinds of evidence that ``lawsearch.confidence`` lists, none of which may speak for a gap,
with an offset for the jurisdiction asked that is shrunk towards none. Each table counts alike, and so do its sections
and its topics. Printed is how well the estimate ranks gaps (AUROC of sections / topics) and how far off it is (log
loss), as fitted and for laws, topics and tables that the fit has not seen. How far it keeps its word where the topics of
the question were left out is put into docs/matching.md.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from lawsearch.confidence import CERTAIN, Evidence
from lawsearch.evaluation import BANDS, Gold, asked
from lawsearch.operating import indexed

ROOT = Path(__file__).parents[2]
FILE = ROOT / "src" / "lawsearch" / "data" / "doubt.toml"
DOCS = ROOT / "docs" / "matching.md"
BEGIN, END = "<!-- measured: python -m tests.quality.calibrate -->\n", "<!-- /measured -->\n"
KINDS = [field.name for field in fields(Evidence)]
HEAD = """\
# Weights of the estimate of no counterpart, fitted by tests/quality/calibrate.py: for a unit of a text and for a text
# by itself that name concepts, and for a question that names none; and what is added for the jurisdiction asked. Not to
# be changed by hand."""
#: Strength of the penalty on squared weights, of evidence in standard deviations: it only keeps them finite.
RIDGE = 1.0
#: The same of offsets of jurisdictions: there are few laws of each. 1 and 25 are worse for topics not seen.
SHRINK = 5.0


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its answer: whether there is a counterpart of it, and what spoke for one. ``target`` is the
    jurisdiction asked, ``languages`` are those of the question and of the text asked."""

    table: str
    mode: str
    laws: frozenset[str]
    topics: frozenset[str]
    gap: bool
    evidence: tuple[float | None, ...]
    target: str
    languages: str


@dataclass(frozen=True, slots=True)
class Fit:
    """What was fitted: weights of the evidence, an offset for each jurisdiction seen, and the bias."""

    weights: np.ndarray
    offsets: Mapping[str, float]
    bias: float

    def of(self, case: Case) -> float:
        """The logit of the estimate."""
        return float(self.weights @ np.array(case.evidence)) + self.offsets.get(case.target, 0.0) + self.bias


def cases(folder: Path, corpus: Path) -> Iterator[Case]:
    """The questions of a table that have a counterpart or none at all."""
    gold = Gold(folder)
    with indexed(gold, corpus) as (searcher, works, _):
        for q, question in asked(gold, searcher, works):
            if q.cell == "weak":
                continue
            named, found = searcher.evidence(question, works[q.target], gold.laws[q.target].language)
            target = gold.laws[q.target]
            laws = {gold.laws[code].jurisdiction for code in (q.source, q.target) if code}
            spoken = gold.laws[q.source].language if q.source else "en"
            if named:
                yield Case(
                    folder.name, q.mode, frozenset(laws), frozenset(gold.topics_of(q)), q.cell == "none",
                    astuple(found), target.jurisdiction, f"{spoken} → {target.language}",
                )  # fmt: skip


def completed(known: Sequence[Case]) -> list[Case]:
    """The cases with what has no value in some of them at its mean in the others: it says nothing of them."""
    values = np.array([case.evidence for case in known], float)
    values = np.where(np.isnan(values), np.nanmean(values, axis=0), values)
    return [replace(case, evidence=tuple(row)) for case, row in zip(known, values.tolist(), strict=True)]


def fit(known: Sequence[Case], kinds: Sequence[int], shrink: float = SHRINK) -> Fit:
    """The estimate by the evidence of some ``kinds``; an infinite ``shrink`` leaves the jurisdictions out."""
    values = np.array([case.evidence for case in known])[:, kinds]
    gap = np.array([case.gap for case in known], float)
    sets = [(case.table, case.mode) for case in known]
    counts = {key: sets.count(key) for key in set(sets)}
    share = np.array([len(known) / len(counts) / counts[key] for key in sets])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    codes = sorted({case.target for case in known}) if np.isfinite(shrink) else []
    there = np.array([[case.target == code for code in codes] for case in known], float).reshape(len(known), len(codes))
    design = np.column_stack([(values - mean) / spread, there, np.ones(len(known))])
    ridge = np.array([RIDGE] * len(kinds) + [shrink] * len(codes) + [0.0])

    def loss(found: np.ndarray) -> tuple[float, np.ndarray]:
        value = design @ found
        slope = design.T @ (share * (1 / (1 + np.exp(-value)) - gap))
        penalty = ridge * found
        return float(share @ (np.logaddexp(0, value) - gap * value) + penalty @ found / 2), slope + penalty

    bounds = [(None, 0.0)] * len(kinds) + [(None, None)] * (len(codes) + 1)
    found = minimize(loss, np.zeros(design.shape[1]), jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = np.zeros(len(KINDS))
    weights[kinds] = found[: len(kinds)] / spread
    offsets = dict(zip(codes, found[len(kinds) : -1].tolist(), strict=True))
    return Fit(weights, offsets, float(found[-1] - weights[kinds] @ mean))


def unseen(known: Sequence[Case], groups: Callable[[Case], frozenset[str]], shrink: float = SHRINK) -> np.ndarray:
    """Logits for every case by what was fitted on the cases that share none of its groups."""
    found = np.zeros(len(known))
    for key in sorted({tuple(sorted(groups(case))) for case in known}):
        fitted = fit([case for case in known if not groups(case) & set(key)], range(len(KINDS)), shrink)
        for i, case in enumerate(known):
            if groups(case) == set(key):
                found[i] = fitted.of(case)
    return found


def ranked(known: Sequence[Case], values: np.ndarray, table: str) -> str:
    """AUROC of sections and of topics of a table, with the logits ``values`` of its cases, and the log loss of both."""
    found, losses = [], []
    for mode in ("provision", "topic"):
        chosen = [i for i, case in enumerate(known) if (case.table, case.mode) == (table, mode)]
        gap = np.array([known[i].gap for i in chosen])
        empty, filled = values[chosen][gap][:, None], values[chosen][~gap][None]
        found.append(float(((empty > filled) + 0.5 * (empty == filled)).mean()))
        losses.append(float((np.logaddexp(0, values[chosen]) - gap * values[chosen]).mean()))
    return f"AUROC {found[0]:.3f} / {found[1]:.3f}, log loss {losses[0]:.3f} / {losses[1]:.3f}"


def reliability(known: Sequence[Case], values: np.ndarray) -> str:
    """Markdown: by band, and by whom is asked in which languages, what the estimate said and what was seen."""
    said = np.clip(1 / (1 + np.exp(-values)), 1 - CERTAIN, CERTAIN)
    gap = np.array([case.gap for case in known], float)

    def row(name: str, chosen: Sequence[int]) -> str:
        own, seen = said[chosen], gap[chosen]
        brier = ((own - seen) ** 2).mean()
        return f"| {name} | {len(chosen)} | {own.mean():.2f} | {seen.mean():.2f} | {brier:.3f} |\n"

    lines = "| estimate | n | said | seen | Brier |\n| --- | --- | --- | --- | --- |\n"
    bands = [min(bisect_right(BANDS, value) - 1, len(BANDS) - 2) for value in said.tolist()]
    for band in sorted(set(bands)):
        lines += row(f"{BANDS[band]:g} to {BANDS[band + 1]:g}", [i for i, own in enumerate(bands) if own == band])
    lines += row("all", range(len(known)))
    for title, key in (("asked of", "target"), ("languages", "languages"), ("table", "table"), ("question", "mode")):
        lines += f"| **{title}** |  |  |  |  |\n"
        names = [getattr(case, key) for case in known]
        for name in sorted(set(names)):
            lines += row(name, [i for i, own in enumerate(names) if own == name])
    return lines


def rows(known: Sequence[Case], fitted: Fit) -> dict[str, Mapping[str, float]]:
    """The tables of the file of weights."""
    alone = fit(known, [KINDS.index("nearness")], np.inf)
    unit = dict(zip([*KINDS, "bias"], [*fitted.weights.tolist(), fitted.bias], strict=True))
    # Of a text by itself nothing is mutual: all of them were given the same for it.
    given = next(case.evidence[KINDS.index("mutual")] for case in known if case.mode == "topic")
    text = unit | {"mutual": 0.0, "bias": unit["bias"] + unit["mutual"] * (given or 0.0)}
    without = dict(zip([*KINDS, "bias"], [*alone.weights.tolist(), alone.bias], strict=True))
    return {"unit": unit, "text": text, "without": without, "jurisdiction": fitted.offsets}


def main(arguments: Sequence[str]) -> int:
    """The command."""
    if len(arguments) < 2:
        print(__doc__)
        return 2
    corpus, *folders = map(Path, arguments)
    known = completed([case for folder in folders for case in cases(folder, corpus)])
    fitted = fit(known, range(len(KINDS)))
    alone = fit(known, [KINDS.index("nearness")], np.inf)
    splits = {"laws": lambda case: case.laws, "topics": lambda case: case.topics}
    if len(folders) > 1:
        splits["tables"] = lambda case: frozenset([case.table])
    estimates = {
        "as fitted": np.array([fitted.of(case) for case in known]),
        "nearness alone": np.array([alone.of(case) for case in known]),
    }
    for name, groups in splits.items():
        estimates[f"unseen {name}"] = unseen(known, groups)
        estimates[f"unseen {name}, one for all jurisdictions"] = unseen(known, groups, np.inf)
    for name, values in estimates.items():
        print(name, *(f"{folder.name}: {ranked(known, values, folder.name)}" for folder in folders), sep="\n    ")
    lines = [HEAD]
    for name, row in rows(known, fitted).items():
        lines += ["", f"[{name}]", *(f"{key} = {value:.3f}" for key, value in row.items())]
    FILE.write_text("\n".join(lines) + "\n", "utf-8")
    table = BEGIN + reliability(known, estimates["unseen topics"]) + END
    text = DOCS.read_text("utf-8")
    DOCS.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: table, text, flags=re.DOTALL), "utf-8")
    print(f"{len(known)} questions; {FILE.name} and {DOCS.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
