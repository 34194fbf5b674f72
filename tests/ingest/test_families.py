"""A table test for each numbering family: lines in, units out."""

from __future__ import annotations

import pytest
from pages import cut, units

#: Three units without headings.
THREE = [("1", ""), ("2", ""), ("3", "")]
FAMILIES = {
    "sections-en": (
        """
        ^An Act to regulate the keeping of lamps.^
        ^**PART 1**^
        ^**PRELIMINARY**^
        **Short title**
        1. This Act is the Lamps Act 2001.
        **Interpretation**
        2.—(1) In this Act, "lamp" means a lamp.
        (2) A lamp that is broken is a lamp.
        **Duty to light**
        3.—(1) A keeper must light the lamp —
            (a) at dusk; and
            (b) in fog.
        **Inserted duty**
        3A. A keeper must trim the wick.
        **Penalty**
        4. A keeper who fails is liable to a fine.
        """,
        [
            ("1", "Short title"),
            ("2", "Interpretation"),
            ("3", "Duty to light"),
            ("3A", "Inserted duty"),
            ("4", "Penalty"),
        ],
    ),
    "seksyen-ms": (
        """
        Suatu Akta bagi mengawal selia pelita.
        ^**BAHAGIAN I**^
        ^**PERMULAAN**^
        **Tajuk ringkas**
        1. (1) Akta ini bolehlah dinamakan Akta Pelita 2001.
        **Tafsiran**
        2. Dalam Akta ini, pelita ertinya lampu.
        **Kewipan**
        3. Penjaga hendaklah menyalakan pelita.
        """,
        [("1", "Tajuk ringkas"), ("2", "Tafsiran"), ("3", "Kewipan")],
    ),
    "section-word-en": (
        """
        CHAPTER I
        GENERAL PROVISIONS
        SECTION 1. Short Title. – This Act shall be known as the Lamp Act.
        SEC. 2. Declaration of Policy. – It is the policy of the State to keep lamps lit, as
        Section 3 of the old Act did.
        SEC. 3. Definition of Terms. – Lamp refers to any lamp.
        SEC. 4. Effectivity. – This Act shall take effect at once.
        Approved,
        """,
        [("1", "Short Title"), ("2", "Declaration of Policy"), ("3", "Definition of Terms"), ("4", "Effectivity")],
    ),
    "articles-en": (
        """
        ^**CHAPTER I**^
        ^**General provisions**^
        ^**Article 1**^
        ^**Subject matter**^
        1. This Regulation lays down rules on lamps.
        2. It protects keepers.
        ^**Article 2**^
        ^**Scope**^
        This Regulation applies to lamps as defined in
        Article 3 of this Regulation.
        ^**Article 3**^
        ^**Definitions**^
        For the purposes of this Regulation a lamp is a lamp.
        """,
        [("1", "Subject matter"), ("2", "Scope"), ("3", "Definitions")],
    ),
    "pasal-id": (
        """
        ^BAB I^
        ^KETENTUAN UMUM^
        ^Pasal 1^
        Dalam Undang-Undang ini yang dimaksud dengan pelita adalah lampu.
        ^Pasal 2^
        (1) Setiap orang wajib menyalakan pelita sebagaimana dimaksud dalam
        Pasal 1 ayat (1) dan huruf b.
        (2) Kewajiban berlaku malam hari.
        ^BAB II^
        ^KEWAJIBAN^
        ^Pasal 3^
        Penjaga wajib menjaga pelita.
        """,
        THREE,
    ),
    "dieu-vi": (
        """
        ^**Chương I**^
        ^**QUY ĐỊNH CHUNG**^
        **Điều 1. Phạm vi điều chỉnh**
        Luật này quy định về đèn.
        **Điều 2. Giải thích từ ngữ**
        1. Đèn là vật chiếu sáng theo
        Điều 1 của Luật này.
        **Điều 2a. Nguyên tắc**
        1. Giữ đèn sáng.
        **Điều 3. Hiệu lực**
        Luật này có hiệu lực ngay.
        """,
        [("1", "Phạm vi điều chỉnh"), ("2", "Giải thích từ ngữ"), ("2a", "Nguyên tắc"), ("3", "Hiệu lực")],
    ),
    "matra-th": (
        """
        พระราชบัญญัติโคมไฟ
            มาตรา ๑ พระราชบัญญัตินี้เรียกว่าพระราชบัญญัติโคมไฟ.
            มาตรา ๒ ให้ใช้บังคับตั้งแต่วันประกาศ.
        หมวด ๑
        โคม
            มาตรา ๓ ผู้ดูแลต้องจุดโคม.
            มาตรา ๓/๑ ผู้ดูแลต้องดับโคม.
            มาตรา ๔ ทวิ ห้ามนำโคมออก.
            มาตรา ๔ ทศ ห้ามขายโคม.
            มาตรา ๔ เอกาทศ ห้ามซื้อโคม.
            มาตรา ๔ ปัญจทศ ห้ามทำลายโคม.
            มาตรา ๕ ผู้ฝ่าฝืนต้องโทษ.
        """,
        [("๑", ""), ("๒", ""), ("๓", ""), ("๓/๑", ""), ("๔ ทวิ", ""), ("๔ ทศ", ""), ("๔ เอกาทศ", ""),
         ("๔ ปัญจทศ", ""), ("๕", "")],
    ),
    "kho-th": (
        """
            ข้อ ๑ ประกาศนี้เรียกว่าประกาศเรื่องโคม.
            ข้อ ๒ ให้ใช้บังคับทันที.
            ข้อ ๓ ผู้ดูแลต้องจุดโคม.
        """,
        [("๑", ""), ("๒", ""), ("๓", "")],
    ),
    "matda-lo": (
        "ມາດຕາ 1. ຂໍ້ຄວາມທຳອິດ.\nມາດຕາ 2. ຂໍ້ຄວາມທີສອງ.\nມາດຕາ 3. ຂໍ້ຄວາມທີສາມ.",
        THREE,
    ),
    "matra-km": (
        "មាត្រា ១\nអត្ថបទទីមួយ។\nមាត្រា ២\nអត្ថបទទីពីរ។\nមាត្រា ៣\nអត្ថបទទីបី។",
        [("១", ""), ("២", ""), ("៣", "")],
    ),
    "apaik-my": (
        "အပိုဒ် ၁\nပထမ စာသား။\nအပိုဒ် ၂\nဒုတိယ စာသား။\nအပိုဒ် ၃\nတတိယ စာသား။",
        [("၁", ""), ("၂", ""), ("၃", "")],
    ),
    "artigo-pt": (
        "**Artigo 1.º**\n**Objeto**\nA presente lei regula as lâmpadas.\n"
        "**Artigo 2.º**\n**Âmbito**\nAplica-se a todos.\n"
        "**Artigo 3.º**\n**Vigor**\nEntra em vigor já.",
        [("1", "Objeto"), ("2", "Âmbito"), ("3", "Vigor")],
    ),
    "artigu-tet": ("**Artigu 1**\nEma hotu iha direitu.\n**Artigu 2**\nBa lampu.\n**Artigu 3**\nRemata.", THREE),
    "artikulo-tl": ("**Artikulo 1**\nAng lampara.\n**Artikulo 2**\nDapat sindihan.\n**Artikulo 3**\nWakas.", THREE),
    "perkara-ms": (
        "**Perkara 1.**\nPelita ialah pelita semua.\n**Perkara 2.**\nHendaklah dinyalakan.\n**Perkara 3.**\nTamat.",
        THREE,
    ),
    "tiao-zh": ("第一条\n灯是灯。\n第二条\n应当点灯。\n第三条\n本法自公布之日起施行。", THREE),
    "uruppu-ta": ("உறுப்புரை 1\nமுதல் உரை.\nஉறுப்புரை 2\nஇரண்டாம் உரை.\nஉறுப்புரை 3\nமூன்றாம் உரை.", THREE),
    "paragraphs": (
        "1. Encourages keepers to light lamps at dusk and in fog;\n2. Invites States to report each year;\n"
        "3. Requests the keeper to trim the wick.",
        THREE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAMILIES)
def test_units_of_each_family(name: str) -> None:
    text, expected = FAMILIES[name]
    found = cut(text)
    assert found.family is not None
    assert found.family.id == name
    assert [(unit.number, unit.heading) for unit in units(found)] == expected


def test_containers_become_the_path_and_the_eid() -> None:
    found = units(cut(FAMILIES["sections-en"][0]))
    assert found[0].path == ("PART 1 PRELIMINARY",)
    assert found[3].eid == "part_1__sec_3A"


def test_parts_below_a_unit_keep_their_order_and_depth() -> None:
    duty = units(cut(FAMILIES["sections-en"][0]))[2]
    assert [d.number for d in duty.divisions] == ["1"]
    assert [(d.number, d.text) for d in duty.divisions[0].children] == [("a", "at dusk; and"), ("b", "in fog.")]
