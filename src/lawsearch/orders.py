"""Orders: what the operator has decided that holds until the next generation is built.

A generation that was rolled back from is not built again from the same input, and an instrument that was removed on
purpose is not missed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lawsearch.errors import LawsearchError


@dataclass(frozen=True, slots=True)
class Orders:
    """``held`` are the manifests' facts of generations rolled back from, by name; ``accepted`` are the instruments that
    may lose provisions."""

    held: Mapping[str, Mapping[str, object]]
    accepted: tuple[str, ...] = ()

    def holds(self, facts: Mapping[str, object]) -> bool:
        """Whether what would be built of ``facts`` was rolled back from."""
        return any(all(left.get(key) == value for key, value in facts.items()) for left in self.held.values())

    def accepting(self, instruments: Iterable[str]) -> Orders:
        return replace(self, accepted=tuple(sorted({*self.accepted, *instruments})))


def load(index_dir: Path) -> Orders:
    """The orders that hold. Raises LawsearchError where they cannot be read."""
    path = index_dir / "orders.json"
    try:
        value = json.loads(path.read_text("utf-8"))
        return Orders(dict(value["held"]), tuple(value["accepted"]))
    except FileNotFoundError:
        return Orders({})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LawsearchError(f"{path} cannot be read: {error}", "Remove it to begin without orders") from None


def save(index_dir: Path, orders: Orders) -> None:
    """Keep the orders. Raises OSError."""
    pending = index_dir / "orders.pending"
    pending.write_text(json.dumps(asdict(orders), indent=1), "utf-8")
    os.replace(pending, index_dir / "orders.json")


def clear(index_dir: Path) -> None:
    """The next generation is there: no order holds any more."""
    (index_dir / "orders.json").unlink(missing_ok=True)
