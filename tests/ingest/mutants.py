"""Broken and hostile PDFs made from good ones by chance, the same for the same seed."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable, Iterator, Sequence

_OBJECT = re.compile(rb"\d+ 0 obj\b.*?\bendobj\b", re.DOTALL)
_NUMBER = re.compile(
    rb"/(Count|Length|Size|Width|Height|W|N|First|Prev|Columns|Predictor|Rotate|MediaBox) ?\[?[-\d. ]+"
)
_STREAM = re.compile(rb"(?<=stream\n).*?(?=\r?\nendstream)", re.DOTALL)


def _flipped(data: bytes, chance: random.Random) -> bytes:
    made = bytearray(data)
    for _ in range(chance.choice((1, 10, 100, 1000))):
        made[chance.randrange(len(made))] = chance.randrange(256)
    return bytes(made)


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(1, len(data))]


def _holed(data: bytes, chance: random.Random) -> bytes:
    at, size = chance.randrange(len(data)), chance.choice((1, 50, 5000))
    return data[:at] + data[at + size :]


def _moved(data: bytes, chance: random.Random) -> bytes:
    """A piece stands twice, or somewhere else."""
    at, to, size = chance.randrange(len(data)), chance.randrange(len(data)), chance.choice((20, 500, 5000))
    return data[:to] + data[at : at + size] + data[to + chance.choice((0, size)) :]


def _swapped(data: bytes, chance: random.Random) -> bytes:
    """The bodies of two objects exchanged."""
    found = list(_OBJECT.finditer(data))
    if len(found) < 2:
        return _moved(data, chance)
    first, second = sorted(chance.sample(found, 2), key=lambda match: match.start())
    one, two = (match[0].split(b"obj", 1) for match in (first, second))
    return b"".join(
        (
            data[: first.start()], one[0], b"obj", two[1], data[first.end() : second.start()],
            two[0], b"obj", one[1], data[second.end() :],
        )
    )  # fmt: skip


def _led_astray(data: bytes, chance: random.Random) -> bytes:
    """References that lead elsewhere: to themselves, to their parents, to nothing."""
    known = [int(n) for n in re.findall(rb"(\d+) 0 obj", data)] or [1]
    share = chance.choice((0.02, 0.2, 1.0))

    def other(match: re.Match[bytes]) -> bytes:
        return b"%d 0 R" % chance.choice([*known, 10**9]) if chance.random() < share else match[0]

    return re.sub(rb"\d+ 0 R", other, data)


def _exaggerated(data: bytes, chance: random.Random) -> bytes:
    """Counts, lengths and sizes that are huge, negative or none."""
    found = list(_NUMBER.finditer(data))
    if not found:
        return _flipped(data, chance)
    match = chance.choice(found)
    value = chance.choice((b"2147483647", b"-1", b"0", b"99999999999999999999", b"65536"))
    sign = b"[0 0 %s %s" % (value, value) if match[1] == b"MediaBox" else value
    return data[: match.start()] + b"/" + match[1] + b" " + sign + data[match.end() :]


def _swollen(data: bytes, chance: random.Random) -> bytes:
    """A stream that swells to as much as half a gigabyte."""
    found = list(_STREAM.finditer(data))
    if not found:
        return _flipped(data, chance)
    match = chance.choice(found)
    press = zlib.compressobj(1)
    operators = chance.choice((bytes(1 << 20), b"q " * (1 << 19), b"(a) Tj " * (1 << 17), b"[" * (1 << 20)))
    body = b"".join(press.compress(operators) for _ in range(chance.choice((10, 100, 500)))) + press.flush()
    return data[: match.start()] + body + data[match.end() :]


def _nested(data: bytes, chance: random.Random) -> bytes:
    """A dictionary with arrays or dictionaries in each other, thousands deep."""
    found = [match.end() for match in re.finditer(rb"<<", data)]
    if not found:
        return _flipped(data, chance)
    at, depth = chance.choice(found), chance.choice((500, 20_000, 200_000))
    opened, closed = chance.choice(((b"[", b"]"), (b"<< /A ", b" >>")))
    return data[:at] + b" /Deep " + opened * depth + closed * depth + b" " + data[at:]


_WAYS: Sequence[Callable[[bytes, random.Random], bytes]] = (
    _flipped, _cut, _holed, _moved, _swapped, _led_astray, _exaggerated, _nested, _swollen,
)  # fmt: skip


def mutants(originals: Sequence[bytes], count: int, seed: int = 4) -> Iterator[tuple[str, bytes]]:
    """So many documents, each with a name that tells how it was made; the ways take turns."""
    for number in range(count):
        chance = random.Random(f"{seed} {number}")
        made, names = chance.choice(originals), []
        for way in [_WAYS[number % len(_WAYS)], *chance.sample(_WAYS[:-1], chance.choice((0, 0, 0, 1, 2)))]:
            made = way(made, chance)
            names.append(way.__name__.strip("_"))
        yield f"{number:04d}-{'-'.join(names)}", made
