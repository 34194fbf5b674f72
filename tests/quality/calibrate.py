"""Fit the estimate of "no counterpart" on gold tables and write its weights to ``src/lawsearch/data/doubt.toml``.

    python -m tests.quality.calibrate CORPUS GOLD [GOLD ...]

A logistic regression on the kinds of evidence that ``lawsearch.confidence`` lists, none of which may speak for a gap.
Each table counts alike, and so do its sections and its topics. Printed is how well the estimate ranks gaps (AUROC of
sections / topics) as fitted, and for laws, topics and tables that the fit has not seen.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from lawsearch.confidence import Evidence
from lawsearch.evaluation import Gold, asked
from lawsearch.operating import indexed

FILE = Path(__file__).parents[2] / "src" / "lawsearch" / "data" / "doubt.toml"
KINDS = [field.name for field in fields(Evidence)]
HEAD = """\
# Weights of the estimate of no counterpart, fitted by tests/quality/calibrate.py: for a question that names concepts,
# and for one that names none. Not to be changed by hand."""
#: Strength of the penalty on squared weights, of evidence in standard deviations: it only keeps them finite.
RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its answer: whether there is a counterpart of it, and what spoke for one."""

    table: str
    mode: str
    laws: frozenset[str]
    topics: frozenset[str]
    gap: bool
    evidence: tuple[float, ...]


def cases(folder: Path, corpus: Path) -> Iterator[Case]:
    """The questions of a table that have a counterpart or none at all."""
    gold = Gold(folder)
    with indexed(gold, corpus) as (searcher, works, _):
        for q, question in asked(gold, searcher, works):
            if q.cell == "weak":
                continue
            named, found = searcher.evidence(question, works[q.target], gold.laws[q.target].language)
            laws = {gold.laws[code].jurisdiction for code in (q.source, q.target) if code}
            if named:
                topics = frozenset(gold.topics_of(q))
                yield Case(folder.name, q.mode, frozenset(laws), topics, q.cell == "none", astuple(found))


def fit(known: Sequence[Case], kinds: Sequence[int]) -> np.ndarray:
    """The weights of the evidence of some ``kinds``, then the bias."""
    values = np.array([case.evidence for case in known])[:, kinds]
    gap = np.array([case.gap for case in known], float)
    sets = [(case.table, case.mode) for case in known]
    counts = {key: sets.count(key) for key in set(sets)}
    share = np.array([len(known) / len(counts) / counts[key] for key in sets])
    mean, spread = values.mean(axis=0), values.std(axis=0) + 1e-9
    design = np.column_stack([(values - mean) / spread, np.ones(len(known))])

    def loss(found: np.ndarray) -> tuple[float, np.ndarray]:
        value = design @ found
        slope = design.T @ (share * (1 / (1 + np.exp(-value)) - gap))
        penalty = np.append(RIDGE * found[:-1], 0.0)
        return float(share @ (np.logaddexp(0, value) - gap * value) + penalty @ found / 2), slope + penalty

    bounds = [(None, 0.0)] * len(kinds) + [(None, None)]
    found = minimize(loss, np.zeros(len(kinds) + 1), jac=True, method="L-BFGS-B", bounds=bounds).x
    weights = found[:-1] / spread
    return np.append(weights, found[-1] - weights @ mean)


def ranked(known: Sequence[Case], values: np.ndarray, table: str) -> str:
    """AUROC of sections and of topics of a table, with the estimates ``values`` of its cases."""
    found = []
    for mode in ("provision", "topic"):
        chosen = [i for i, case in enumerate(known) if (case.table, case.mode) == (table, mode)]
        gap = np.array([known[i].gap for i in chosen])
        empty, filled = values[chosen][gap][:, None], values[chosen][~gap][None]
        found.append(float(((empty > filled) + 0.5 * (empty == filled)).mean()))
    return " / ".join(f"{value:.3f}" for value in found)


def unseen(known: Sequence[Case], groups: Callable[[Case], frozenset[str]]) -> np.ndarray:
    """Estimates for every case by weights fitted on the cases that share none of its groups.

    Without the bias, which says how many gaps the others have: what is left out would be ranked by that.
    """
    found = np.zeros(len(known))
    for key in sorted({tuple(sorted(groups(case))) for case in known}):
        rest = [case for case in known if not groups(case) & set(key)]
        weights = fit(rest, range(len(KINDS)))[:-1]
        for i, case in enumerate(known):
            if groups(case) == set(key):
                found[i] = weights @ np.array(case.evidence)
    return found


def main(arguments: Sequence[str]) -> int:
    """The command."""
    if len(arguments) < 2:
        print(__doc__)
        return 2
    corpus, *folders = map(Path, arguments)
    known = [case for folder in folders for case in cases(folder, corpus)]
    evidence = np.array([case.evidence for case in known])
    both = fit(known, range(len(KINDS)))
    alone = fit(known, [KINDS.index("nearness")])
    estimates = {
        "as fitted": evidence @ both[:-1],
        "nearness alone": evidence[:, KINDS.index("nearness")] * alone[0],
        "unseen laws": unseen(known, lambda case: case.laws),
        "unseen topics": unseen(known, lambda case: case.topics),
    }
    if len(folders) > 1:
        estimates["unseen tables"] = unseen(known, lambda case: frozenset([case.table]))
    for name, values in estimates.items():
        print(f"{name:16s}", *(f"{folder.name}: {ranked(known, values, folder.name)}  " for folder in folders))
    rows = {"concepts": both, "without": [0.0] * (len(KINDS) - 1) + [*alone]}
    lines = [HEAD]
    for name, row in rows.items():
        lines += ["", f"[{name}]", *(f"{key} = {value:.3f}" for key, value in zip([*KINDS, "bias"], row, strict=True))]
    FILE.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"{len(known)} questions, {FILE.name} written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
