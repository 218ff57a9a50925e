"""What bodies, queries and answers of the API are made of."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from controller.web.policy import services

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2099, 12, 31)
LARGEST_NUMBER = 2**53 - 1
"""What every JSON reader can hold."""


class Answer(BaseModel):
    """Something the API tells. Fields may be added, none goes while this version lives."""

    model_config = ConfigDict(frozen=True)


class Body(BaseModel):
    """Something the API is told: an unknown field or another type is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Query(BaseModel):
    """What stands behind the question mark; an unknown name is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _in_reach(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("a day from 2000 to 2099")
    return day


def _can_be_stored(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a character no database takes")
    return text


Day = Annotated[
    date,
    AfterValidator(_in_reach),
    Field(
        description="A local date of the stations, from 2000 to 2099.",
        json_schema_extra={"pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"},
    ),
]
Text = Annotated[str, StringConstraints(max_length=20_000), AfterValidator(_can_be_stored)]
Line = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(_can_be_stored)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
WallTime = Annotated[
    str,
    StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$"),
    Field(description="HH:MM by the stations' clocks.", examples=["05:30"]),
]
Version = Annotated[
    int,
    Field(ge=0, le=2**31 - 1, description="The version that was read: another since gives 409."),
]

ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class PageQuery(Query):
    """Which part of a long list."""

    limit: Annotated[int, Field(ge=1, le=100, description="How many at most.")] = 50
    cursor: Annotated[
        Id | None, Field(description="`next_cursor` of the part before; left out: the first.")
    ] = None


class PlaceName(Answer):
    """A place and what it is called."""

    place_id: str
    name: str = Field(description="As people say it: xã Phước Bình.")


def place_name(place_id: str) -> PlaceName:
    """A place as an answer names it; one that is no more by its id."""
    place = services().places.tree().places.get(place_id)
    return PlaceName(place_id=place_id, name=place.full_name if place else place_id)


T = TypeVar("T")


def cut(found: list[T], limit: int, key: Any) -> tuple[tuple[T, ...], str | None]:
    """The first `limit` of what was found, and the cursor behind them if there is more."""
    shown = tuple(found[:limit])
    return shown, str(key(shown[-1])) if len(found) > limit else None
