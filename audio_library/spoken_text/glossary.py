"""Abbreviations and how they are read: a table the province edits, with what everybody needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

STANDARD: Mapping[str, str] = {
    # bodies
    "UBND": "Ủy ban nhân dân",
    "HĐND": "Hội đồng nhân dân",
    "UBMTTQ": "Ủy ban Mặt trận Tổ quốc",
    "MTTQ": "Mặt trận Tổ quốc",
    "MTTQVN": "Mặt trận Tổ quốc Việt Nam",
    "HND": "Hội Nông dân",
    "HLHPN": "Hội Liên hiệp Phụ nữ",
    "HCCB": "Hội Cựu chiến binh",
    "CCB": "cựu chiến binh",
    "ĐTN": "Đoàn Thanh niên",
    "TNCS": "Thanh niên Cộng sản",
    "BCH": "Ban Chấp hành",
    "BCHQS": "Ban Chỉ huy Quân sự",
    "BCH Quân sự": "Ban Chỉ huy Quân sự",
    "BCH PCTT&TKCN": "Ban Chỉ huy phòng chống thiên tai và tìm kiếm cứu nạn",
    "BCĐ": "Ban Chỉ đạo",
    "BTV": "Ban Thường vụ",
    "BQL": "Ban quản lý",
    "BHXH": "bảo hiểm xã hội",
    "BHYT": "bảo hiểm y tế",
    "BHTN": "bảo hiểm thất nghiệp",
    "PCTT&TKCN": "phòng chống thiên tai và tìm kiếm cứu nạn",
    "PCTT": "phòng chống thiên tai",
    "TKCN": "tìm kiếm cứu nạn",
    "PCLB": "phòng chống lụt bão",
    "PCCC": "phòng cháy chữa cháy",
    "PCCC&CNCH": "phòng cháy chữa cháy và cứu nạn cứu hộ",
    "CNCH": "cứu nạn cứu hộ",
    "TTYT": "Trung tâm Y tế",
    "TYT": "Trạm Y tế",
    "BV": "bệnh viện",
    "BVĐK": "Bệnh viện Đa khoa",
    "CSGT": "Cảnh sát giao thông",
    "CA": "công an",
    "BĐBP": "Bộ đội Biên phòng",
    "QĐND": "Quân đội nhân dân",
    "CAND": "Công an nhân dân",
    "THCS": "trung học cơ sở",
    "THPT": "trung học phổ thông",
    "TH": "tiểu học",
    "GDTX": "giáo dục thường xuyên",
    "GD&ĐT": "Giáo dục và Đào tạo",
    "VH&TT": "Văn hóa và Thông tin",
    "VHTTDL": "Văn hóa, Thể thao và Du lịch",
    "TT&TT": "Thông tin và Truyền thông",
    "TTTT": "Thông tin và Truyền thông",
    "NN&PTNT": "Nông nghiệp và Phát triển nông thôn",
    "TN&MT": "Tài nguyên và Môi trường",
    "LĐTB&XH": "Lao động - Thương binh và Xã hội",
    "LĐ-TB&XH": "Lao động - Thương binh và Xã hội",
    "KH&ĐT": "Kế hoạch và Đầu tư",
    "KH&CN": "Khoa học và Công nghệ",
    "GTVT": "Giao thông vận tải",
    "NHCSXH": "Ngân hàng Chính sách xã hội",
    "HTX": "hợp tác xã",
    "THT": "tổ hợp tác",
    "CLB": "câu lạc bộ",
    "DN": "doanh nghiệp",
    "TNHH": "trách nhiệm hữu hạn",
    "MTV": "một thành viên",
    "CTCP": "công ty cổ phần",
    "CP": "Chính phủ",
    "TTg": "Thủ tướng Chính phủ",
    "TW": "Trung ương",
    "T.Ư": "Trung ương",
    "ĐBQH": "đại biểu Quốc hội",
    "LHQ": "Liên hợp quốc",
    "UNESCO": "u nét xcô",
    "UNICEF": "u ni xép",
    "ASEAN": "a xê an",
    # documents
    "QĐ": "quyết định",
    "NĐ": "nghị định",
    "NQ": "nghị quyết",
    "CV": "công văn",
    "KH": "kế hoạch",
    # places
    "TP": "thành phố",
    "TP.": "thành phố",
    "TP.HCM": "Thành phố Hồ Chí Minh",
    "TPHCM": "Thành phố Hồ Chí Minh",
    "TX.": "thị xã",
    "TT.": "thị trấn",
    "H.": "huyện",
    "P.": "phường",
    "KP": "khu phố",
    "TDP": "tổ dân phố",
    "KDC": "khu dân cư",
    "NVH": "nhà văn hóa",
    "PR-TC": "Phan Rang - Tháp Chàm",
    "KCN": "khu công nghiệp",
    "CCN": "cụm công nghiệp",
    # matters
    "ATNĐ": "áp thấp nhiệt đới",
    "KTTV": "khí tượng thủy văn",
    "NTM": "nông thôn mới",
    "KT-XH": "kinh tế - xã hội",
    "CĐS": "chuyển đổi số",
    "CCHC": "cải cách hành chính",
    "TTHC": "thủ tục hành chính",
    "DVC": "dịch vụ công",
    "CNTT": "công nghệ thông tin",
    "ANTT": "an ninh trật tự",
    "ANQP": "an ninh quốc phòng",
    "QP-AN": "quốc phòng - an ninh",
    "NVQS": "nghĩa vụ quân sự",
    "BVTV": "bảo vệ thực vật",
    "ATGT": "an toàn giao thông",
    "ATTP": "an toàn thực phẩm",
    "VSMT": "vệ sinh môi trường",
    "QLBVR": "quản lý bảo vệ rừng",
    "PCCCR": "phòng cháy chữa cháy rừng",
    "SXH": "sốt xuất huyết",
    "TCM": "tay chân miệng",
    "ASF": "dịch tả lợn châu Phi",
    "DTLCP": "dịch tả lợn châu Phi",
    "LMLM": "lở mồm long móng",
    "COVID-19": "cô vít mười chín",
    "Covid-19": "cô vít mười chín",
    "A/H5N1": "A hát năm nờ một",
    "A/H1N1": "A hát một nờ một",
    "HIV": "hát i vê",
    "AIDS": "ết",
    "DTTS": "dân tộc thiểu số",
    "ĐBKK": "đặc biệt khó khăn",
    "TBLS": "thương binh liệt sĩ",
    "NCC": "người có công",
    "CCCD": "căn cước công dân",
    "VNeID": "vi en e ai đi",
    "QR": "quy rờ",
    "WIFI": "oai phai",
    "Wifi": "oai phai",
    "GPMB": "giải phóng mặt bằng",
    "QSDĐ": "quyền sử dụng đất",
    "SXKD": "sản xuất kinh doanh",
    "NSNN": "ngân sách nhà nước",
    "CBCC": "cán bộ công chức",
    "CBCCVC": "cán bộ công chức viên chức",
    "ND": "nhân dân",
    "BĐ": "báo động",
    "CN": "Chủ nhật",
    # contacts
    "ĐT": "điện thoại",
    "SĐT": "số điện thoại",
    "ĐTDĐ": "điện thoại di động",
    # short ways to write
    "v/v": "về việc",
    "V/v": "Về việc",
    "và/hoặc": "và hoặc",
    "vv": "vân vân",
    "v.v": "vân vân",
    "v.v.": "vân vân",
    "v.v...": "vân vân",
    "TB": "thông báo",
}

_WORD = r"0-9A-Za-zÀ-ỹĐđ"


@dataclass(frozen=True)
class Glossary:
    """Readings by abbreviation, whole words only, capitals counting."""

    readings: Mapping[str, str]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Any of the abbreviations as a word, longest first."""
        longest_first = sorted(self.readings, key=lambda one: (-len(one), one))
        any_of = "|".join(map(re.escape, longest_first))
        return re.compile(rf"(?:{any_of})(?![{_WORD}])" if any_of else r"(?!)")

    def reading(self, term: str) -> str | None:
        """How this abbreviation is read, or None."""
        return self.readings.get(term)

    def changed_by(self, own: Mapping[str, str]) -> Glossary:
        """This table with a province's own readings; an empty one takes a term out."""
        merged = {**self.readings, **own}
        return Glossary({term: said for term, said in merged.items() if said})


def standard() -> Glossary:
    """What every station needs."""
    return Glossary(STANDARD)
