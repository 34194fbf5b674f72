"""A finished PDF as if it had been printed and scanned: pictures of its pages, with no text layer."""

from __future__ import annotations

from io import BytesIO
from time import gmtime

import numpy as np
import pypdfium2
from PIL import Image, ImageFilter

RESOLUTION = 200
_ANGLES = (0.35, -0.25, 0.15, -0.4)  # Of the sheets on the glass, in degrees.


def scanned(pdf: bytes, title: str, produced: str) -> bytes:
    """The pages of ``pdf`` in black and white, a little askew and uneven; the same bytes every time."""
    dice = np.random.default_rng(RESOLUTION)
    sheets = []
    for number, page in enumerate(pypdfium2.PdfDocument(pdf)):
        drawn = page.render(scale=RESOLUTION / 72, grayscale=True).to_pil()
        askew = drawn.rotate(_ANGLES[number % len(_ANGLES)], Image.Resampling.BICUBIC, fillcolor=255)
        grey = np.asarray(askew.filter(ImageFilter.GaussianBlur(0.6)), dtype=np.float32)
        uneven = grey + dice.normal(0, 14, grey.shape)
        specks = dice.random(grey.shape) < 1e-5
        sheets.append(Image.fromarray(np.where((uneven > 150) & ~specks, 255, 0).astype(np.uint8)).convert("1"))
    out = BytesIO()
    day = gmtime(np.datetime64(produced.rstrip("Z")).astype("datetime64[s]").astype(int))
    sheets[0].save(
        out, "PDF", save_all=True, append_images=sheets[1:], resolution=RESOLUTION, title=title,
        creationDate=day, modDate=day,
    )  # fmt: skip
    return out.getvalue()
