"""Made-up laws of four jurisdictions in three languages, a tiny sentence-transformers model, and small PDFs."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from lawsearch.instrument import Instrument
from lawsearch.lexicon import words
from lawsearch.provision import Box, Expression, Provision

Section = tuple[str, str, str]
#: Lines on a page of a PDF that is made up.
LINES = 44

SG = Instrument(
    id="/akn/sg/act/2041/3", jurisdiction="sg", title="Lamp Keeping Act 2041", short_title="LKA 2041", kind="act",
    force="binding", status="in force", year=2041, number="3", authoritative="en", languages=("en",),
)  # fmt: skip
BOATS = Instrument(
    id="/akn/sg/guideline/2035/1", jurisdiction="sg", title="Guideline on Boats", kind="guideline",
    force="non-binding", year=2035, authoritative="en", languages=("en",),
)  # fmt: skip
PH = Instrument(
    id="/akn/ph/act/2043/8", jurisdiction="ph", title="Lamps Act of 2043", short_title="LA 2043", kind="act",
    force="binding", status="repealed", year=2043, number="8", authoritative="en", languages=("en",),
)  # fmt: skip
ID = Instrument(
    id="/akn/id/law/2042/5", jurisdiction="id", title="Law on Lamps", native_title="Undang-Undang Pelita", kind="law",
    force="binding", status="in force", year=2042, number="5", authoritative="id", languages=("id", "en"),
)  # fmt: skip
TH = Instrument(
    id="/akn/th/act/2590/2", jurisdiction="th", title="Lamps Act B.E. 2590", native_title="พระราชบัญญัติตะเกียง",
    kind="act", force="binding", status="not yet in force", authoritative="th", languages=("th",),
)  # fmt: skip


def expression(
    instrument: Instrument, language: str, rows: Iterable[Section], *, source: str = "", word: str = "Section"
) -> Expression:
    """An expression of (number, heading, text) rows; lines that begin with ``(1)`` are parts too."""
    found: list[Provision] = []
    for page, (number, heading, text) in enumerate(rows, start=1):
        kind = "section" if number[0].isdecimal() else number
        eid = f"sec_{number}" if kind == "section" else kind
        head = f"{instrument.name} ({instrument.jurisdiction.upper()}) s {number}"
        common = {"instrument": instrument.id, "language": language, "boxes": (Box(page, 72, 90, 520, 300),)}
        found.append(
            Provision(
                **common, eid=eid, kind=kind, number=number, label=f"{word} {number}", citation=head, heading=heading,
                text=text, path=("Part 1 General",),
            )
        )  # fmt: skip
        for line in text.splitlines():
            marker, _, rest = line.partition(" ")
            if marker.startswith("("):
                place = f"{eid}__subsec_{marker.strip('()')}"
                found.append(
                    Provision(
                        **common, eid=place, kind="subsection", number=marker.strip("()"), label=marker, text=rest,
                        citation=head + marker, parent=eid,
                    )
                )  # fmt: skip
    source = source or f"/nowhere/{instrument.id.strip('/').replace('/', '-')}-{language}.pdf"
    report = {"pages": len(found), "found": len(found)}
    return Expression(
        instrument=instrument, language=language, source=source, source_digest="0" * 64, provisions=tuple(found),
        report=report,
    )  # fmt: skip


CORPUS = (
    expression(SG, "en", [
        ("preamble", "", "An Act to regulate the keeping of lamps and to protect those who walk by night."),
        ("1", "Short title", "This Act may be cited as the Lamp Keeping Act 2041 and begins on the first of May."),
        ("5", "Duty to light lamps", "(1) A keeper must light every lamp at dusk and keep it lit until sunrise.\n"
         "(2) A keeper who leaves the town must name another keeper in writing.\n"
         "(3) The duty to light lamps holds on holidays too."),
        ("6", "Notice of a broken lamp", "(1) A keeper must tell the Lamp Office of a broken lamp within 48 hours.\n"
         "(2) The notice must say where the lamp stands and who broke it."),
        ("7", "Oil", "(1) Lamp oil must be clean and must be bought from a licensed seller of oil.\n"
         "(2) The Office may test lamp oil at any time without giving notice."),
        ("8", "Penalty", "A keeper who breaks a rule of this Act is liable to a fine of 900 dollars."),
        ("9", "Fees", "The Lamp Office collects a fee of 12 dollars a year for every lamp that is kept."),
    ]),
    expression(BOATS, "en", [
        ("4", "Nets", "Fishers should mend their nets before the rains and dry them in the shade."),
        ("5", "Boats to carry lamps", "(1) Every boat should carry a lamp that can be seen from the shore.\n"
         "(2) The lamp of a boat should be lit at dusk and kept lit until sunrise."),
    ]),
    expression(PH, "en", [
        ("3", "Title", "This law shall be known as the Lamps Act and takes effect after its publication."),
        ("5", "Lighting of lamps", "(1) Keepers shall light lamps at dusk and keep them lit until sunrise.\n"
         "(2) A keeper on leave shall name another keeper."),
        ("10", "Report of broken lamps", "A broken lamp shall be reported to the Bureau within 72 hours with the place "
         "where the lamp stands."),
        ("11", "Clean oil", "Keepers shall burn only clean lamp oil from a licensed seller of oil."),
        ("12", "Penalties", "Whoever violates this Act shall pay a fine of 5000 pesos."),
    ]),
    expression(ID, "id", [
        ("5", "Menyalakan pelita", "(1) Penjaga wajib menyalakan pelita pada senja hari sampai matahari terbit.\n"
         "(2) Penjaga yang pergi wajib menunjuk penjaga lain."),
        ("6", "Pelita rusak", "Penjaga wajib melaporkan pelita yang rusak kepada kantor pelita dalam waktu 48 jam."),
        ("7", "Minyak", "Minyak pelita harus bersih dan dibeli dari penjual minyak yang berizin."),
        ("8", "Sanksi", "Penjaga yang melanggar undang-undang ini dikenai denda seratus ribu rupiah."),
    ], word="Pasal"),
    expression(ID, "en", [
        ("5", "Lighting lamps", "(1) The keeper must light the lamp at dusk until the sun rises.\n"
         "(2) A keeper who leaves must name another keeper."),
        ("6", "Broken lamps", "The keeper must report a broken lamp to the lamp office within 48 hours."),
        ("7", "Oil", "Lamp oil must be clean and bought from a licensed seller of oil."),
        ("8", "Sanction", "A keeper who breaks this law is fined one hundred thousand rupiah."),
    ], word="Article"),
    expression(TH, "th", [
        ("๕", "การจุดตะเกียง", "(1) ผู้ดูแลต้องจุดตะเกียงเมื่อพลบค่ำและดูแลให้สว่างจนพระอาทิตย์ขึ้น\n"
         "(2) ผู้ดูแลที่ไม่อยู่ต้องตั้งผู้ดูแลคนอื่น"),
        ("๖", "ตะเกียงชำรุด", "ผู้ดูแลต้องแจ้งสำนักงานตะเกียงภายใน ๔๘ ชั่วโมงเมื่อตะเกียงชำรุด"),
        ("๗", "น้ำมัน", "น้ำมันตะเกียงต้องสะอาดและซื้อจากผู้ขายที่ได้รับอนุญาต"),
    ], word="มาตรา"),
)  # fmt: skip


def sentences() -> list[str]:
    """All texts of the corpus."""
    return [f"{p.heading} {p.text}" for e in CORPUS for p in e.provisions]


@cache
def _pieces() -> list[tuple[str, float]]:
    """The words of the corpus, with and without a space before them, and every single character."""
    texts = [(e.language, f"{p.heading} {p.text}") for e in CORPUS for p in e.provisions]
    found = {w for language, text in texts for w in words(text, language)}
    whole = sorted({space + w for w in found for space in ("", "▁")} - {"▁"})
    single = sorted({c for _, text in texts for c in text if not c.isspace()} - set(whole)) + ["▁"]
    return [(piece, -5.0) for piece in whole] + [(c, -9.0) for c in single]


def tiny_model(folder: Path, seed: int) -> Path:
    """A random two-layer BERT with mean pooling as a sentence-transformers folder: small, fast, same for a seed.

    Its vectors are near where texts share words, which is all the tests need.
    """
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast
    from transformers.utils import logging

    logging.disable_progress_bar()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    tokenizer = Tokenizer(models.Unigram([(token, 0.0) for token in special] + _pieces(), unk_id=3))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    ends = [("<s>", 0), ("</s>", 2)]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>",
        cls_token="<s>", sep_token="</s>", model_max_length=48,
    )  # fmt: skip
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(fast), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=48, pad_token_id=1,
    )  # fmt: skip
    model = BertModel(config)
    # Without places and with small weights in the layers, a text's vector is nearly the mean of its words' vectors.
    torch.nn.init.zeros_(model.embeddings.position_embeddings.weight)
    torch.nn.init.zeros_(model.embeddings.token_type_embeddings.weight)
    plain = folder.with_name(folder.name + "-plain")
    model.save_pretrained(plain)
    fast.save_pretrained(plain)
    transformer = Transformer(str(plain), max_seq_length=48)
    modules = [transformer, Pooling(32, pooling_mode="mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save(str(folder), create_model_card=False)
    return folder


def pdf(path: Path, lines: Iterable[str]) -> Path:
    """A PDF of ``lines`` in Helvetica, as many pages as it takes; lines in ``**`` are bold."""
    pages: list[list[str]] = []
    for i, line in enumerate(lines):
        bold = line.startswith("**")
        text = line.strip("*").replace("\\", "\\\\").replace("(", "\\(").replace(")", "\\)")
        if i % LINES == 0:
            pages.append([])
        pages[-1].append(f"BT /{'F2' if bold else 'F1'} 11 Tf 72 {760 - 16 * (i % LINES)} Td ({text}) Tj ET")
    return _pdf(path, *map("\n".join, pages))


def picture_pdf(path: Path) -> Path:
    """A PDF of one page that is a grey picture and has no text."""
    return _pdf(path, "q 595 0 0 842 0 0 cm BI /W 64 /H 64 /CS /G /BPC 8 ID " + "\x80" * 4096 + " EI Q")


def _pdf(path: Path, *contents: str) -> Path:
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    streams = [content.encode("latin-1") for content in contents]
    # The catalogue, the list of pages, two fonts; then each page and what stands on it.
    kids = b" ".join(b"%d 0 R" % (5 + 2 * i) for i in range(len(streams)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (kids, len(streams)),
        font.format("Helvetica").encode(),
        font.format("Helvetica-Bold").encode(),
    ]
    for i, stream in enumerate(streams):
        objects += [
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> >>" % (6 + 2 * i),
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        ]
    data, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(data)
    data += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    data += b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    path.write_bytes(data)
    return path
