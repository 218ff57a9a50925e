"""Who works in the province of the pictures: all invented, and so is every phone number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.domain.accounts import Role

PROVINCE, DISTRICT, COMMUNE = "ninh-thuan", "bac-ai", "bac-ai-phuoc-binh"
PASSWORD = "nhà có ba cửa sổ"  # noqa: S105 - of accounts that live as long as the pictures take


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account."""

    username: str
    full_name: str
    role: Role
    place_id: str


CAST: Mapping[str, Person] = {
    "operator": Person("katormai", "Katơr Thị Mai", Role.OPERATOR, DISTRICT),
    "approver": Person("vanloc", "Trần Văn Lộc", Role.APPROVER, DISTRICT),
    "commune": Person("thuan.pb", "Chamaléa Thuận", Role.COMMUNE_OFFICER, COMMUNE),
    "office": Person("lehuong", "Lê Thị Hương", Role.OPERATOR, PROVINCE),
    "auditor": Person("phansoat", "Phan Thị Soát", Role.AUDITOR, PROVINCE),
    "admin": Person("huuphuoc", "Nguyễn Hữu Phước", Role.ADMIN, PROVINCE),
}
"""Those who look at the pages, by the role a picture is named after."""

ROLE_WORDS: Mapping[str, str] = {
    "nobody": "chưa đăng nhập",
    "operator": "cán bộ huyện",
    "approver": "người duyệt",
    "commune": "cán bộ truyền thanh xã",
    "office": "biên tập cấp tỉnh",
    "auditor": "kiểm tra, giám sát",
    "admin": "quản trị hệ thống",
}

CHIEF = Person("thanhvinh", "Đổng Thành Vinh", Role.APPROVER, PROVINCE)
NEIGHBOUR = Person("pinang.hoa", "Pi Năng Hòa", Role.COMMUNE_OFFICER, "bac-ai-phuoc-hoa")
OTHER_DESK = Person("vongoc", "Võ Thị Ngọc", Role.OPERATOR, "ninh-son")
OTHER_CHIEF = Person("minhson", "Đinh Minh Sơn", Role.APPROVER, "ninh-son")
EVERYBODY = (*CAST.values(), CHIEF, NEIGHBOUR, OTHER_DESK, OTHER_CHIEF)
