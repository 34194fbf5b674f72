"""Fit the estimate of "no counterpart" on gold tables and write its weights to ``src/lawsearch/data/doubt.toml``.

    python -m tests.quality.calibrate CORPUS GOLD [GOLD ...]

For sections and for topics a logistic regression on the kinds of evidence that ``lawsearch.confidence`` lists, none of
which may speak for a gap, with an offset for the jurisdiction asked that is shrunk towards none. Each table counts
alike. Printed is how well the estimate ranks gaps (AUROC of sections / topics) and how far off it is (log loss), as
fitted and for laws, topics and tables that the fit has not seen. How far it keeps its word where the topics of the
question were left out is put into docs/matching.md.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
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
# by itself that name concepts, and for a question that names none; what is added for the jurisdiction asked. Not to be
# changed by hand."""
#: The kinds of evidence that there are of a question, by what it is called there and in gold tables.
ASKED = {"unit": ("provision", KINDS), "text": ("topic", KINDS[:-1])}
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
        return (
            float(self.weights @ np.nan_to_num(np.array(case.evidence, float)))
            + self.offsets.get(case.target, 0.0)
            + self.bias
        )


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


def fit(known: Sequence[Case], kinds: Sequence[str], shrink: float = SHRINK) -> Fit:
    """The estimate by the evidence of some ``kinds``; an infinite ``shrink`` leaves the jurisdictions out."""
    columns = [KINDS.index(kind) for kind in kinds]
    values = np.array([case.evidence for case in known], float)[:, columns]
    gap = np.array([case.gap for case in known], float)
    tables = [case.table for case in known]
    share = np.array([len(known) / len(set(tables)) / tables.count(table) for table in tables])
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
    weights[columns] = found[: len(kinds)] / spread
    offsets = dict(zip(codes, found[len(kinds) : -1].tolist(), strict=True))
    return Fit(weights, offsets, float(found[-1] - weights[columns] @ mean))


def fitted(known: Sequence[Case], shrink: float = SHRINK) -> dict[str, Fit]:
    """What is fitted on sections and on topics, by their mode."""
    return {mode: fit([c for c in known if c.mode == mode], kinds, shrink) for mode, kinds in ASKED.values()}


def unseen(known: Sequence[Case], groups: Callable[[Case], frozenset[str]], shrink: float = SHRINK) -> np.ndarray:
    """Logits for every case by what was fitted on the cases that share none of its groups."""
    found = np.zeros(len(known))
    for key in sorted({tuple(sorted(groups(case))) for case in known}):
        taught = fitted([case for case in known if not groups(case) & set(key)], shrink)
        for i, case in enumerate(known):
            if groups(case) == set(key):
                found[i] = taught[case.mode].of(case)
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


def written(known: Sequence[Case]) -> str:
    """The file of weights."""
    found = {name: fitted(known)[mode] for name, (mode, _) in ASKED.items()}
    found["without"] = fit(known, ["nearness"], np.inf)
    lines = [HEAD]
    for name, one in found.items():
        values = dict(zip([*KINDS, "bias"], [*one.weights.tolist(), one.bias], strict=True))
        for title, row in ((name, values), (f"{name}.jurisdiction", one.offsets)):
            lines += ["", f"[{title}]", *(f"{key} = {value:.3f}" for key, value in row.items())]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    """The command."""
    if len(arguments) < 2:
        print(__doc__)
        return 2
    corpus, *folders = map(Path, arguments)
    known = [case for folder in folders for case in cases(folder, corpus)]
    both, alone = fitted(known), fit(known, ["nearness"], np.inf)
    splits = {"laws": lambda case: case.laws, "topics": lambda case: case.topics}
    if len(folders) > 1:
        splits["tables"] = lambda case: frozenset([case.table])
    estimates = {
        "as fitted": np.array([both[case.mode].of(case) for case in known]),
        "nearness alone": np.array([alone.of(case) for case in known]),
    }
    for name, groups in splits.items():
        estimates[f"unseen {name}"] = unseen(known, groups)
        estimates[f"unseen {name}, one for all jurisdictions"] = unseen(known, groups, np.inf)
    for name, values in estimates.items():
        print(name, *(f"{folder.name}: {ranked(known, values, folder.name)}" for folder in folders), sep="\n    ")
    FILE.write_text(written(known), "utf-8")
    table = BEGIN + reliability(known, estimates["unseen topics"]) + END
    text = DOCS.read_text("utf-8")
    DOCS.write_text(re.sub(f"{BEGIN}.*?{END}", lambda _: table, text, flags=re.DOTALL), "utf-8")
    print(f"{len(known)} questions; {FILE.name} and {DOCS.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
