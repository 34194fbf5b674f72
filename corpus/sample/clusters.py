"""Fonts in which every cluster of Lao, Khmer or Burmese letters is one glyph, so that a PDF's text layer is exact.

These scripts put vowels before the letter they follow, stack letters and draw one vowel as two glyphs. In a PDF the
text behind a glyph is fixed, so what is read back from such a line is out of order. Here the clusters of one text are
shaped once; each becomes one glyph with a code of its own (U+E000 and after), and the PDF is told that this glyph
stands for the whole cluster.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import uharfbuzz as harfbuzz  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont, newTable  # type: ignore[import-untyped]
from fontTools.ttLib.tables._c_m_a_p import CmapSubtable  # type: ignore[import-untyped]
from fontTools.ttLib.tables._g_l_y_f import Glyph, GlyphComponent  # type: ignore[import-untyped]
from icu4py.breakers import LineBreaker

FAMILY = "Clusters"
_NOTO = Path("/usr/share/fonts/truetype/noto")
_FIRST = 0xE000
_NARROW = 20  # Not 0, or readers that sort by place would not know which of two glyphs comes first.


@dataclass(frozen=True, slots=True)
class Script:
    """Where the letters of a script stand, what makes a cluster of them, the sign that stacks, and the font."""

    font: str
    block: str
    cluster: str
    stacks: str


SCRIPTS = {
    "lo": Script(
        "NotoSerifLao",
        "[\u0e80-\u0eff]",
        "[\u0e81-\u0eae\u0edc-\u0edf][\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd]*\u0eb3?",
        "\u0eb3",
    ),
    "km": Script(
        "NotoSerifKhmer",
        "[\u1780-\u17ff]",
        "[\u1780-\u17b3](?:\u17d2[\u1780-\u17b3]|[\u17b6-\u17d1\u17d3\u17dd])*",
        "\u17d2",
    ),
    "my": Script(
        "NotoSerifMyanmar",
        "[\u1000-\u109f]",
        "[\u1000-\u102a\u103f\u104e](?:\u1039[\u1000-\u1021]|[\u102b-\u1038\u103a-\u103e])*",
        "\u1039",
    ),
}


class Clusters:
    """The clusters of one ``text`` in the script of ``language``, a key of SCRIPTS.

    ``letters`` gives what the glyph of a code stands for in the text layer.
    """

    def __init__(self, language: str, text: str) -> None:
        self._language, self._script = language, SCRIPTS[language]
        self._words = re.compile(f"{self._script.block}+")
        self._cluster = re.compile(f"{self._script.cluster}|{self._script.block}")
        self.letters: dict[int, str] = {}
        self._drawn: dict[int, str] = {}
        self._codes: dict[str, str] = {}
        shaper = harfbuzz.Font(harfbuzz.Face(self._path("Regular").read_bytes()))
        for cluster in sorted(set(self._cluster.findall(text))):
            # Readers take a letter far behind the end of the last one for another line. So a wide glyph stands for
            # its first letter only, and a narrow empty one behind it for those that are stacked.
            at = cluster.find(self._script.stacks)
            wide = at > 0 and sum(advance for _, _, _, advance in _shaped(shaper, cluster)) > shaper.face.upem
            pieces = (cluster[:at], cluster[at:]) if wide else (cluster,)
            self._codes[cluster] = "".join(self._code(piece, "" if i else cluster) for i, piece in enumerate(pieces))

    def _code(self, letters: str, drawn: str) -> str:
        code = _FIRST + len(self.letters)
        self.letters[code], self._drawn[code] = letters, drawn
        return chr(code)

    def _path(self, weight: str) -> Path:
        return _NOTO / f"{self._script.font}-{weight}.ttf"

    def encoded(self, text: str) -> str:
        """The text with codes for its clusters, and U+200B where a line may end between two words."""
        return self._words.sub(self._encoded, text)

    def _encoded(self, match: re.Match[str]) -> str:
        # The breaker counts in UTF-16, which is the same here: these scripts stand in the first plane.
        ends = {end for _, end in LineBreaker(match[0], self._language).segments()} - {len(match[0])}
        return "".join(
            self._codes[cluster[0]] + ("\u200b" if cluster.end() in ends else "")
            for cluster in self._cluster.finditer(match[0])
        )

    def faces(self) -> str:
        """The fonts, regular and bold, as style sheet rules for the family FAMILY."""
        data = {
            css: base64.b64encode(self._font(self._path(weight))).decode()
            for css, weight in (("normal", "Regular"), ("bold", "Bold"))
        }
        return "\n".join(
            f"@font-face {{ font-family: {FAMILY}; font-weight: {css}; src: url(data:font/ttf;base64,{font}) }}"
            for css, font in data.items()
        )

    def _font(self, path: Path) -> bytes:
        """The font at ``path`` with a glyph for every cluster, put together from its own glyphs."""
        shaper = harfbuzz.Font(harfbuzz.Face(path.read_bytes()))
        font = TTFont(path, recalcTimestamp=False)
        names = font.getGlyphOrder()
        cmap = {0x20: font.getBestCmap()[0x20]}
        font.setGlyphOrder([*names, *(f"cluster{code}" for code in self._drawn)])
        font["glyf"].glyphOrder = font.getGlyphOrder()
        for code, letters in self._drawn.items():
            cmap[code] = name = f"cluster{code}"
            glyph, advance = _composite(_shaped(shaper, letters), names)
            font["glyf"][name] = glyph
            glyph.recalcBounds(font["glyf"])
            font["hmtx"][name] = (advance, getattr(glyph, "xMin", 0))
        table = CmapSubtable.newSubtable(4)
        table.platformID, table.platEncID, table.language, table.cmap = 3, 1, 0, cmap
        font["cmap"] = newTable("cmap")
        font["cmap"].tableVersion, font["cmap"].tables = 0, [table]
        for tag in {"GSUB", "GPOS", "GDEF"} & set(font.keys()):
            del font[tag]
        font["post"].formatType = 3.0
        out = BytesIO()
        font.save(out)
        return out.getvalue()


def _shaped(shaper: harfbuzz.Font, letters: str) -> list[tuple[int, int, int, int]]:
    """The glyphs that draw ``letters``: number, place as (x, y) from the pen, and how far the pen then moves."""
    buffer = harfbuzz.Buffer()
    buffer.add_str(letters)
    buffer.guess_segment_properties()
    harfbuzz.shape(shaper, buffer)
    pairs = zip(buffer.glyph_infos, buffer.glyph_positions or [], strict=True)
    return [(info.codepoint, at.x_offset, at.y_offset, at.x_advance) for info, at in pairs]


def _composite(shaped: list[tuple[int, int, int, int]], names: list[str]) -> tuple[Glyph, int]:
    """Shaped glyphs as one glyph, and its advance; none make a narrow empty one."""
    glyph, pen = Glyph(), 0 if shaped else _NARROW
    glyph.numberOfContours = -1 if shaped else 0
    if shaped:
        glyph.components = []
    for number, x, y, advance in shaped:
        part = GlyphComponent()
        part.glyphName, part.flags = names[number], 0x0004  # Round to the grid, as fonts do.
        part.x, part.y = pen + x, y
        glyph.components.append(part)
        pen += advance
    return glyph, pen
