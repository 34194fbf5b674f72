"""Floors under measured accuracy: kept in JSON beside the tests, raised by command, lowered only when told to.

A floors file maps a name (a document, a group of questions) to a row: a digest of the data it was measured on, and
the lowest value allowed of each measure (null where there was nothing to measure).

    python -m tests.quality.floors [structure] [correspondence]             what is measured, against the floors
    python -m tests.quality.floors --update [--allow-regression] [...]      pin what is measured

``--update`` refuses to write anything that falls below a floor unless ``--allow-regression`` is given too.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

Row = Mapping[str, object]
HERE = Path(__file__).parent
GATES = ("structure", "correspondence")


def path_of(gate: str) -> Path:
    return HERE / f"{gate}_floors.json"


def read(gate: str) -> dict[str, dict]:
    """The floors of a gate by name; none where nothing was pinned yet."""
    path = path_of(gate)
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def fallen(name: str, floor: Row, found: Row | None, slack: float = 0.0) -> list[str]:
    """What is wrong with ``found`` against ``floor``, a sentence each; the floor's measures alone count."""
    if found is None:
        return [f"{name} was not measured"]
    if found["digest"] != floor["digest"]:
        return [f"{name}: the data changed since the floor was measured; measure again"]
    pairs = {m: (value, found.get(m)) for m, value in floor.items() if m != "digest" and value is not None}
    return [
        f"{name}: {measure} fell from {low} to {now}"
        for measure, (low, now) in pairs.items()
        if now is None or now < low - slack
    ]


def main(arguments: Sequence[str]) -> int:
    """The command; 1 where something fell."""
    unknown = [a for a in arguments if a not in (*GATES, "--update", "--allow-regression")]
    if unknown:
        print(__doc__)
        return 2
    # The tests are imported as pytest imports them.
    sys.path.insert(0, str(HERE))
    wrong = 0
    for gate in [a for a in arguments if a in GATES] or GATES:
        old, new = read(gate), importlib.import_module(f"test_{gate}").measured_rows()
        problems = [problem for name, row in old.items() for problem in fallen(name, row, new.get(name))]
        print("\n".join(problems) or f"{gate}: nothing fell below its floor")
        wrong |= bool(problems)
        if "--update" in arguments and (not problems or "--allow-regression" in arguments):
            path_of(gate).write_text(json.dumps(new, indent=1, ensure_ascii=False) + "\n", "utf-8")
            print(f"{gate}: {len(new)} rows pinned")
            wrong = 0 if "--allow-regression" in arguments else wrong
        elif "--update" in arguments:
            print(f"{gate}: not updated; --allow-regression lowers floors")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
