"""Hazards people are warned of, and the texts prepared for each: a blank stands in brackets.

The hazards are those of Decision 18/2021/QĐ-TTg, article 3 and of flood releases (Decree 114/2018);
their five levels have the map colours of article 4. Which levels a hazard can have is for the
office that announces it: the level is copied, never chosen here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

LEVELS = (1, 2, 3, 4, 5)

_WORD = re.compile(r"[^\W_]+")
_BLANK = re.compile(r"\[[^\[\]]*\]")


class Hazard(StrEnum):
    """What threatens."""

    FLOOD_RELEASE = "flood_release"
    STORM = "storm"
    DEPRESSION = "depression"
    HEAVY_RAIN = "heavy_rain"
    FLOOD = "flood"
    FLASH_FLOOD = "flash_flood"
    SURGE = "surge"
    STRONG_WIND = "strong_wind"
    LIGHTNING = "lightning"
    HEAT = "heat"
    FOREST_FIRE = "forest_fire"
    EARTHQUAKE = "earthquake"
    TSUNAMI = "tsunami"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Texts:
    """What is said: at once, when it was a mistake, and when it is over."""

    warning: str
    correction: str
    all_clear: str


_HELP = "Cần giúp, gọi 112."
_MISTAKE = "Thông báo khẩn vừa phát là nhầm. Bà con yên tâm, không có"


def _texts(warning: str, what: str, all_clear: str) -> Texts:
    return Texts(f"{warning} {_HELP}", f"{_MISTAKE} {what}.", all_clear)


TEXTS: dict[Hazard, Texts] = {
    Hazard.FLOOD_RELEASE: _texts(
        "Thông báo khẩn. Hồ [tên hồ] sẽ xả lũ lúc [giờ] ngày [ngày], lưu lượng [số] mét khối một "
        "giây. Bà con ở gần sông, suối hãy lên chỗ cao trước [giờ], không qua ngầm tràn, không vớt "
        "củi. Gia đình có người già, trẻ nhỏ đi trước.",
        "xả lũ",
        "Hồ [tên hồ] đã ngừng xả lũ. Bà con có thể về nhà.",
    ),
    Hazard.STORM: _texts(
        "Thông báo khẩn. Bão số [số] đang vào, dự báo gió mạnh từ [giờ] ngày [ngày]. Bà con ở "
        "trong nhà kiên cố, rời nhà tạm và lồng bè, không ra đường khi có gió lớn.",
        "bão vào địa bàn",
        "Bão số [số] đã qua. Bà con kiểm tra nhà cửa, đường điện trước khi vào nhà.",
    ),
    Hazard.DEPRESSION: _texts(
        "Thông báo khẩn. Áp thấp nhiệt đới đang vào, gió giật từ [giờ] ngày [ngày]. Tàu thuyền vào "
        "nơi trú tránh, bà con chằng chống nhà cửa.",
        "áp thấp nhiệt đới",
        "Áp thấp nhiệt đới đã tan. Bà con trở lại sinh hoạt bình thường.",
    ),
    Hazard.HEAVY_RAIN: _texts(
        "Thông báo khẩn. Mưa rất to tại [nơi] đến [giờ] ngày [ngày]. Bà con ở vùng trũng kê cao đồ "
        "đạc, không qua chỗ ngập, ngầm tràn.",
        "mưa lớn nguy hiểm",
        "Mưa lớn tại [nơi] đã dứt. Bà con chú ý đường trơn, chỗ ngập còn sâu.",
    ),
    Hazard.FLOOD: _texts(
        "Thông báo khẩn. Lũ trên sông [tên sông] lên nhanh, đạt [số] mét lúc [giờ]. Bà con ở ven "
        "sông hãy lên chỗ cao ngay, không ở lại giữ đồ đạc.",
        "lũ",
        "Lũ trên sông [tên sông] đã xuống dưới mức nguy hiểm. Bà con có thể về nhà.",
    ),
    Hazard.FLASH_FLOOD: _texts(
        "Thông báo khẩn. Có nguy cơ lũ quét, sạt lở đất tại [nơi]. Bà con ở ven suối, chân đồi, "
        "sườn dốc rời ngay đến [nơi tránh].",
        "lũ quét, sạt lở đất",
        "Nguy cơ lũ quét, sạt lở đất tại [nơi] đã hết. Bà con kiểm tra quanh nhà trước khi về.",
    ),
    Hazard.SURGE: _texts(
        "Thông báo khẩn. Nước biển dâng tại [nơi] từ [giờ] ngày [ngày]. Bà con ven biển rời vào "
        "phía trong, đến [nơi tránh].",
        "nước biển dâng",
        "Nước biển tại [nơi] đã rút. Bà con có thể về nhà.",
    ),
    Hazard.STRONG_WIND: _texts(
        "Thông báo khẩn. Gió mạnh, sóng lớn trên biển [nơi] đến [giờ] ngày [ngày]. Tàu thuyền "
        "không ra khơi, tàu đang ở biển vào nơi trú tránh gần nhất.",
        "gió mạnh trên biển",
        "Gió mạnh trên biển [nơi] đã giảm. Tàu thuyền có thể ra khơi.",
    ),
    Hazard.LIGHTNING: _texts(
        "Thông báo khẩn. Dông, lốc, sét, mưa đá tại [nơi] trong [số] giờ tới. Bà con vào nhà, "
        "không trú dưới cây to, rút phích điện.",
        "dông lốc",
        "Dông lốc tại [nơi] đã qua. Bà con tránh xa dây điện đứt, mái nhà hỏng.",
    ),
    Hazard.HEAT: _texts(
        "Thông báo khẩn. Nắng nóng gay gắt tại [nơi] đến hết ngày [ngày]. Bà con không làm việc "
        "ngoài trời từ 10 giờ đến 16 giờ, uống đủ nước, trông chừng người già, trẻ nhỏ.",
        "nắng nóng nguy hiểm",
        "Nắng nóng gay gắt tại [nơi] đã giảm.",
    ),
    Hazard.FOREST_FIRE: _texts(
        "Thông báo khẩn. Cháy rừng tại [nơi], gió thổi về [hướng]. Bà con ở [nơi] rời ngay đến "
        "[nơi tránh], không quay lại lấy đồ.",
        "cháy rừng",
        "Đám cháy rừng tại [nơi] đã được dập tắt. Bà con có thể về nhà.",
    ),
    Hazard.EARTHQUAKE: _texts(
        "Thông báo khẩn. Vừa có động đất tại [nơi]. Bà con ra chỗ trống, tránh xa nhà cao, cột "
        "điện, đề phòng rung chấn tiếp theo.",
        "động đất",
        "Không còn nguy cơ sau động đất tại [nơi]. Bà con kiểm tra nhà trước khi vào.",
    ),
    Hazard.TSUNAMI: _texts(
        "Thông báo khẩn. Cảnh báo sóng thần. Bà con ven biển chạy ngay lên chỗ cao hoặc vào sâu "
        "đất liền, không quay lại. Sóng có thể đến lúc [giờ].",
        "sóng thần",
        "Cảnh báo sóng thần đã được hủy. Bà con có thể về nhà.",
    ),
    Hazard.OTHER: _texts(
        "Thông báo khẩn. [điều gì, ở đâu, lúc nào]. Bà con [cần làm gì].",
        "chuyện đó",
        "Nguy hiểm đã qua. Bà con trở lại sinh hoạt bình thường.",
    ),
}


NAMES: dict[Hazard, tuple[str, ...]] = {
    Hazard.FLOOD_RELEASE: ("xả lũ", "xả lũ hồ chứa"),
    Hazard.STORM: ("bão", "storm", "typhoon", "tropical storm", "cyclone"),
    Hazard.DEPRESSION: ("áp thấp nhiệt đới", "tropical depression"),
    Hazard.HEAVY_RAIN: ("mưa lớn", "mưa to", "heavy rain"),
    Hazard.FLOOD: ("lũ", "lũ lụt", "ngập lụt", "flood", "flooding"),
    Hazard.FLASH_FLOOD: ("lũ quét", "sạt lở", "sạt lở đất", "flash flood", "landslide"),
    Hazard.SURGE: ("nước biển dâng", "nước dâng do bão", "storm surge"),
    Hazard.STRONG_WIND: ("gió mạnh trên biển", "gió mạnh", "gale"),
    Hazard.LIGHTNING: ("dông", "lốc", "sét", "mưa đá", "thunderstorm"),
    Hazard.HEAT: ("nắng nóng", "heat wave", "heatwave", "extreme heat"),
    Hazard.FOREST_FIRE: ("cháy rừng", "forest fire", "wildfire"),
    Hazard.EARTHQUAKE: ("động đất", "earthquake"),
    Hazard.TSUNAMI: ("sóng thần", "tsunami"),
}
"""How others name a hazard, in small letters with their marks: `báo` is no storm."""


def recognise(words: str) -> Hazard | None:
    """The hazard that words name; None when they name none, or several."""
    spoken = _WORD.findall(unicodedata.normalize("NFC", words).casefold())
    text = f" {' '.join(spoken)} "
    named = [(name, one) for one, names in NAMES.items() for name in names if f" {name} " in text]
    widest = {
        hazard
        for name, hazard in named
        if not any(name != other and f" {name} " in f" {other} " for other, _hazard in named)
    }
    return widest.pop() if len(widest) == 1 else None


def blanks_in(text: str) -> tuple[str, ...]:
    """The blanks nobody has filled in yet, brackets and all."""
    return tuple(_BLANK.findall(text))


def fill_marks(template: str, text: str) -> Iterator[tuple[str, bool]]:
    """The text in pieces, each with whether it was filled into a blank of the template.

    A text that no longer follows its template is one piece that was not.
    """
    fixed = [re.escape(part) for part in _BLANK.split(template)]
    found = re.fullmatch("(.+?)".join(fixed), text.strip(), flags=re.DOTALL)
    if found is None:
        yield text, False
        return
    end = 0
    for number in range(1, (found.lastindex or 0) + 1):
        yield found.string[end : found.start(number)], False
        yield found[number], True
        end = found.end(number)
    yield found.string[end:], False
