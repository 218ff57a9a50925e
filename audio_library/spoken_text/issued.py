"""Document numbers: `1234/QĐ-UBND` is read `quyết định số ... của Ủy ban nhân dân`."""

from __future__ import annotations

import re

from audio_library.spoken_text.glossary import Glossary
from audio_library.spoken_text.letters import spelled
from audio_library.spoken_text.numerals import cardinal

KINDS = {
    "QĐ": "quyết định",
    "NĐ": "nghị định",
    "NQ": "nghị quyết",
    "TT": "thông tư",
    "TTLT": "thông tư liên tịch",
    "CT": "chỉ thị",
    "CĐ": "công điện",
    "CV": "công văn",
    "KH": "kế hoạch",
    "TB": "thông báo",
    "BC": "báo cáo",
    "TTr": "tờ trình",
    "HD": "hướng dẫn",
    "GM": "giấy mời",
    "KL": "kết luận",
    "ĐA": "đề án",
    "CTr": "chương trình",
    "PA": "phương án",
}
"""Of Decree 30/2020/NĐ-CP, appendix III: the kinds a commune meets."""

_ISSUERS = {
    "CP": "Chính phủ",
    "TU": "Tỉnh ủy",
    "HU": "Huyện ủy",
    "ĐU": "Đảng ủy",
    "TW": "Trung ương",
    "VP": "Văn phòng",
    "VPCP": "Văn phòng Chính phủ",
    "BTTTT": "Bộ Thông tin và Truyền thông",
    "BVHTTDL": "Bộ Văn hóa, Thể thao và Du lịch",
    "BYT": "Bộ Y tế",
    "BNV": "Bộ Nội vụ",
    "BTC": "Bộ Tài chính",
    "BGDĐT": "Bộ Giáo dục và Đào tạo",
    "BNNPTNT": "Bộ Nông nghiệp và Phát triển nông thôn",
    "BTNMT": "Bộ Tài nguyên và Môi trường",
    "BLĐTBXH": "Bộ Lao động - Thương binh và Xã hội",
    "BGTVT": "Bộ Giao thông vận tải",
    "BQP": "Bộ Quốc phòng",
    "BCA": "Bộ Công an",
    "SNNPTNT": "Sở Nông nghiệp và Phát triển nông thôn",
    "STTTT": "Sở Thông tin và Truyền thông",
    "SYT": "Sở Y tế",
    "SNV": "Sở Nội vụ",
    "BCĐ": "Ban Chỉ đạo",
    "BCH": "Ban Chỉ huy",
    "PCTT": "Ban Chỉ huy phòng chống thiên tai",
    "BTV": "Ban Thường vụ",
}

_KIND = "|".join(sorted(KINDS, key=lambda one: -len(one)))
FORM = re.compile(
    rf"(?P<no>\d{{1,5}})(?:/(?P<year>(?:19|20)\d\d))?[/-](?P<kind>{_KIND})[-/]"
    r"(?P<issuer>[A-ZĐa-z&]{2,12}(?:-[A-ZĐ&]{2,10})?)(?![0-9A-Za-zÀ-ỹĐđ])"
)
ASSEMBLY = re.compile(r"(?P<no>\d{1,4})/(?P<year>(?:19|20)\d\d)/QH(?P<term>\d{1,2})(?!\d)")
LETTER = re.compile(
    r"(?P<no>\d{1,5})/(?P<issuer>UBND|HĐND|VP|MTTQ|BCĐ|BCH|ĐU|TU|HU|S[A-ZĐ]{2,7}|B[A-ZĐ]{2,7})"
    r"(?P<office>-[A-ZĐ]{2,10})?(?![0-9A-Za-zÀ-ỹĐđ])"
)
_FROM_FOLLOWS = re.compile(
    r"(?:,?\s*ngày\s[\d/.\-\s]+|,?\s*ngày[^,.;\n]{0,40}năm \d{4})?,?\s*của\s"
)
_NAMED_BEFORE = re.compile(r"(?:số|Số|SỐ)\s*:?\s*$")


def said(match: re.Match[str], glossary: Glossary) -> str:
    """A number of a state or party document."""
    kind, issuer = KINDS[match["kind"]], _issuer(match["issuer"], glossary)
    before = match.string[: match.start()].rstrip()
    said_no = f"{_lead(before, kind)}{_no(match)}"
    if _FROM_FOLLOWS.match(match.string, match.end()):
        return said_no  # whom it is from is said in full behind it
    return f"{said_no} của {issuer}"


def said_of_letter(match: re.Match[str], glossary: Glossary) -> str:
    """An official letter has no kind in its number: `345/UBND-VP`."""
    before = match.string[: match.start()].rstrip()
    said_no = f"{_lead(before, 'công văn')}{cardinal(int(match['no']))}"
    return f"{said_no} của {_issuer(match['issuer'] + (match['office'] or ''), glossary)}"


def said_of_assembly(match: re.Match[str], _glossary: Glossary) -> str:
    """A law's number, as `15/2023/QH15`."""
    before = match.string[: match.start()].rstrip()
    lead = "" if _NAMED_BEFORE.search(before) else "số "
    return f"{lead}{_no(match)} của Quốc hội khóa {cardinal(int(match['term']))}"


def _lead(before: str, kind: str) -> str:
    """What has to be said first: neither the kind nor `số` twice."""
    has_no = _NAMED_BEFORE.search(before) is not None
    words = _NAMED_BEFORE.sub("", before).rstrip().lower()
    if words.endswith(kind):
        return "" if has_no else "số "
    return "" if has_no else f"{kind} số "


def _no(match: re.Match[str]) -> str:
    year = match["year"]
    said_no = cardinal(int(match["no"]))
    return f"{said_no} năm {cardinal(int(year))}" if year else said_no


def _issuer(text: str, glossary: Glossary) -> str:
    """Whom it is from; of `UBND-VP` the office comes first."""
    parts = [
        _ISSUERS.get(one) or glossary.reading(one) or spelled(one.upper())
        for one in text.split("-")
    ]
    return ", ".join(parts)
