"""The inventory of stations: what stands there, since when, at what cost, under which warranty.

Kept by whoever keeps the contacts: the people who stand before the cabinet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor
from controller.domain.bulletins import clean_text
from controller.domain.equipment import EquipmentKind, Warranty, warranty_on
from controller.domain.places import Station
from controller.domain.schedule import local_date
from controller.errors import InvalidInputError, NotFoundError, StaleEditError
from controller.services.audit import Deed, changed, last_deed, record
from controller.services.identifiers import new_id
from controller.services.photos import Photos
from controller.services.places import Places
from controller.services.scope import ensure_within
from controller.storage.database import Database
from controller.storage.models import EquipmentItemRow, RepairPartRow, SpeakerClusterRow

LONGEST_NAME = 120
LONGEST_NOTE = 500
MOST_VND = 100_000_000_000
MOST_ITEMS = 500
"""So many things a station has at most, retired ones too."""


@dataclass(frozen=True, slots=True)
class ItemWish:
    """What somebody entered about a thing."""

    kind: str
    model: str = ""
    serial: str = ""
    cluster_number: int | None = None
    installed_on: date | None = None
    warranty_until: date | None = None
    cost_vnd: int | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class ItemView:
    """One thing as screens show it."""

    equipment_item_id: str
    station_id: str
    cluster_number: int | None
    cluster_name: str | None
    kind: EquipmentKind
    model: str
    serial: str
    photo_sha256: str | None
    installed_on: date | None
    warranty_until: date | None
    warranty: Warranty
    """Of a retired thing: none."""
    cost_vnd: int | None
    note: str
    retired_on: date | None
    retired_why: str | None
    added_by: str
    added_at: datetime
    row_version: int
    repairs: tuple[str, ...]
    """Ids of the repairs that took it away or put it in, the newest first."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything of one station, and its groups of horns to choose from."""

    station: Station
    items: tuple[ItemView, ...]
    """In use, by group of horns and kind."""
    retired: tuple[ItemView, ...]
    clusters: tuple[tuple[int, str | None], ...]
    """The groups of horns in use, by number."""

    @property
    def cost_vnd(self) -> int:
        """What the things in use cost, as far as somebody entered it."""
        return sum(one.cost_vnd or 0 for one in self.items)

    @property
    def ending_soon(self) -> tuple[ItemView, ...]:
        """Things whose warranty ends soon."""
        return tuple(one for one in self.items if one.warranty is Warranty.ENDS_SOON)


class Equipment:
    """Keeps it, at stations of the actor's place and below."""

    def __init__(
        self, database: Database, now: Callable[[], datetime], places: Places, photos: Photos
    ) -> None:
        self._database = database
        self._now = now
        self._places = places
        self._photos = photos

    def of(self, actor: Actor, station_id: str) -> Inventory:
        """The inventory of a station. NotFoundError outside the actor's place."""
        station = self._station(actor, station_id)
        with self._database.read() as session:
            clusters = clusters_of(session, [station_id], in_use=True)[station_id]
            found = self._views(session, [station_id])
        return Inventory(
            station,
            tuple(one for one in found if one.retired_on is None),
            tuple(one for one in found if one.retired_on is not None),
            tuple(clusters.items()),
        )

    def under(self, actor: Actor, place_id: str) -> Iterator[ItemView]:
        """Everything at a place and below, station by station. NotFoundError outside the place."""
        tree = self._places.tree()
        ensure_within(tree, actor, place_id if place_id in tree.places else None)
        ids = [station.station_id for station in tree.stations_in([place_id])]
        with self._database.read() as session:
            found = self._views(session, ids)
        order = {station_id: number for number, station_id in enumerate(ids)}
        yield from sorted(found, key=lambda one: order[one.station_id])

    def taken(self, actor: Actor, place_id: str) -> None:
        """Write down that somebody took the inventory of a place home as a file."""
        with self._database.write() as session:
            record(session, actor, Deed("equipment.take", "place", place_id, place_id),
                   at=self._now())  # fmt: skip

    def item(self, actor: Actor, station_id: str, equipment_item_id: str) -> ItemView:
        """One thing. NotFoundError for what is not at this station of the actor's."""
        found = self.of(actor, station_id)
        for one in (*found.items, *found.retired):
            if one.equipment_item_id == equipment_item_id:
                return one
        raise NotFoundError(f"equipment {equipment_item_id}")

    def add(
        self, actor: Actor, station_id: str, wish: ItemWish, photo: BinaryIO | None = None
    ) -> str:
        """Enter a thing; its id. InvalidInputError names the field that cannot be used."""
        station, now = self._station(actor, station_id), self._now()
        clean = self._clean(station_id, wish)
        sha256 = self._photos.take(photo) if photo is not None else None
        with self._database.write() as session:
            self._ensure_room(session, station_id)
            row = EquipmentItemRow(
                equipment_item_id=new_id(now), station_id=station_id, photo_sha256=sha256,
                added_by=actor.full_name, added_at=now, **asdict(clean),
            )  # fmt: skip
            session.add(row)
            self._write_down(session, actor, station, "equipment.add", row, _told(clean))
            return row.equipment_item_id

    def change(
        self,
        actor: Actor,
        station_id: str,
        equipment_item_id: str,
        wish: ItemWish,
        row_version: int,
        photo: BinaryIO | None = None,
    ) -> None:
        """Enter it anew. StaleEditError when somebody else was first."""
        station = self._station(actor, station_id)
        with self._database.read() as session:
            stands_at = self._row(session, station_id, equipment_item_id).cluster_number
        clean = self._clean(station_id, wish, stands_at=stands_at)
        sha256 = self._photos.take(photo) if photo is not None else None
        with self._database.write() as session:
            row = self._row(session, station_id, equipment_item_id)
            if row.row_version != row_version:
                who = last_deed(session, "equipment", equipment_item_id, ("equipment.change",))
                raise StaleEditError("changed meanwhile", **who)
            before = {name: getattr(row, name) for name in asdict(clean)}
            for name, value in asdict(clean).items():
                setattr(row, name, value)
            row.photo_sha256 = sha256 or row.photo_sha256
            row.row_version += 1
            touched = [name for name, value in asdict(clean).items() if before[name] != value]
            detail = changed(
                {name: _plain(before[name]) for name in touched},
                {name: _plain(getattr(clean, name)) for name in touched},
            )
            if sha256:
                detail["photo"] = sha256
            self._write_down(session, actor, station, "equipment.change", row, detail)

    def retire(
        self, actor: Actor, station_id: str, equipment_item_id: str, why: str, day: date | None
    ) -> None:
        """Take it out of use on a local date, None: today; it stays in the book and says why."""
        station, today = self._station(actor, station_id), local_date(self._now())
        with self._database.read() as session:
            self._row(session, station_id, equipment_item_id)
        said = clean_text(why, longest=LONGEST_NOTE, field="retired_why")
        if not said:
            raise InvalidInputError("no reason", field="retired_why", problem="missing")
        if day is not None and day > today:
            raise InvalidInputError("to come", field="retired_on", problem="day_to_come")
        with self._database.write() as session:
            row = self._row(session, station_id, equipment_item_id)
            if row.retired_on is not None:
                raise InvalidInputError("retired", field="retired_why", problem="retired_already")
            row.retired_on, row.retired_why = day or today, said
            row.row_version += 1
            detail = {"on": row.retired_on.isoformat(), "why": said}
            self._write_down(session, actor, station, "equipment.retire", row, detail)

    def photo(self, actor: Actor, station_id: str, equipment_item_id: str) -> Path:
        """The file of its picture. NotFoundError when there is none."""
        self._station(actor, station_id)
        with self._database.read() as session:
            sha256 = self._row(session, station_id, equipment_item_id).photo_sha256
        path = self._photos.path(sha256) if sha256 else None
        if path is None:
            raise NotFoundError(f"picture of {equipment_item_id}")
        return path

    # --- inside -----------------------------------------------------------------------------------

    def _station(self, actor: Actor, station_id: str) -> Station:
        tree = self._places.tree()
        station = tree.station(station_id)
        ensure_within(tree, actor, station.place_id if station else None)
        assert station is not None  # noqa: S101 - ensure_within refused None
        return station

    @staticmethod
    def _row(session: Session, station_id: str, equipment_item_id: str) -> EquipmentItemRow:
        row = session.get(EquipmentItemRow, equipment_item_id)
        if row is None or row.station_id != station_id:
            raise NotFoundError(f"equipment {equipment_item_id}")
        return row

    def _clean(self, station_id: str, wish: ItemWish, *, stands_at: int | None = None) -> ItemWish:
        """The wish in order; horns that were retired are no place but for what hangs there."""
        if wish.kind not in set(EquipmentKind):
            raise InvalidInputError("unknown kind", field="kind", problem="missing")
        if wish.cluster_number not in {None, stands_at}:
            with self._database.read() as session:
                known = clusters_of(session, [station_id], in_use=True)[station_id]
                if wish.cluster_number not in known:
                    raise InvalidInputError("no such horns", field="cluster",
                                            problem="unknown_cluster")  # fmt: skip
        if wish.cost_vnd is not None and not 0 <= wish.cost_vnd <= MOST_VND:
            raise InvalidInputError("no cost", field="cost_vnd", problem="bad_vnd")
        if wish.installed_on is not None and wish.installed_on > local_date(self._now()):
            raise InvalidInputError("to come", field="installed_on", problem="day_to_come")
        if wish.installed_on and wish.warranty_until and wish.warranty_until < wish.installed_on:
            raise InvalidInputError("over", field="warranty_until", problem="not_after")
        return ItemWish(
            wish.kind,
            _line(wish.model, "model"),
            _line(wish.serial, "serial"),
            wish.cluster_number,
            wish.installed_on,
            wish.warranty_until,
            wish.cost_vnd,
            clean_text(wish.note, longest=LONGEST_NOTE, field="note"),
        )

    @staticmethod
    def _ensure_room(session: Session, station_id: str) -> None:
        query = select(EquipmentItemRow.equipment_item_id).where(
            EquipmentItemRow.station_id == station_id
        )
        if len(session.scalars(query).all()) >= MOST_ITEMS:
            raise InvalidInputError("too many", field="kind", problem="too_many_items")

    def _views(self, session: Session, station_ids: Sequence[str]) -> list[ItemView]:
        today, clusters = local_date(self._now()), clusters_of(session, station_ids)
        rows = session.scalars(
            select(EquipmentItemRow)
            .where(EquipmentItemRow.station_id.in_(station_ids))
            .order_by(EquipmentItemRow.equipment_item_id)
        ).all()
        repairs: dict[str, list[str]] = {}
        parts = session.execute(
            select(RepairPartRow.equipment_item_id, RepairPartRow.fault_report_id)
            .join(EquipmentItemRow,
                  EquipmentItemRow.equipment_item_id == RepairPartRow.equipment_item_id)
            .where(EquipmentItemRow.station_id.in_(station_ids))
            .order_by(RepairPartRow.fault_report_id.desc())
        )  # fmt: skip
        for item_id, fault_id in parts:
            repairs.setdefault(item_id, []).append(fault_id)
        kinds = list(EquipmentKind)
        found = [_view(row, clusters, repairs, today) for row in rows]
        return sorted(
            found, key=lambda one: (one.cluster_number or 0, kinds.index(one.kind), one.model)
        )

    def _write_down(
        self,
        session: Session,
        actor: Actor,
        station: Station,
        action: str,
        row: EquipmentItemRow,
        detail: Mapping[str, Any],
    ) -> None:
        told = {"station": station.station_id, **detail}
        deed = Deed(action, "equipment", row.equipment_item_id, station.place_id, told)
        record(session, actor, deed, at=self._now())


def clusters_of(
    session: Session, station_ids: Sequence[str], *, in_use: bool = False
) -> dict[str, dict[int, str | None]]:
    """The groups of horns of stations: by number their names, in order.

    With those that were retired, for what was written about them, unless only those `in_use`.
    """
    found: dict[str, dict[int, str | None]] = {station_id: {} for station_id in station_ids}
    rows = session.execute(
        select(SpeakerClusterRow.station_id, SpeakerClusterRow.number, SpeakerClusterRow.name)
        .where(
            SpeakerClusterRow.station_id.in_(station_ids),
            *([SpeakerClusterRow.retired_at.is_(None)] if in_use else []),
        )
        .order_by(SpeakerClusterRow.number)
    )
    for station_id, number, name in rows:
        found[station_id][number] = name
    return found


def _line(text: str, field: str) -> str:
    """Words in one line."""
    return " ".join(clean_text(text, longest=LONGEST_NAME, field=field).split())


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date) else value


def _told(wish: ItemWish) -> dict[str, object]:
    """What was entered, without what is empty."""
    return {name: _plain(value) for name, value in asdict(wish).items() if value not in (None, "")}


def _view(
    row: EquipmentItemRow,
    clusters: Mapping[str, Mapping[int, str | None]],
    repairs: Mapping[str, Sequence[str]],
    today: date,
) -> ItemView:
    is_used = row.retired_on is None
    return ItemView(
        equipment_item_id=row.equipment_item_id,
        station_id=row.station_id,
        cluster_number=row.cluster_number,
        cluster_name=clusters[row.station_id].get(row.cluster_number or 0),
        kind=EquipmentKind(row.kind),
        model=row.model,
        serial=row.serial,
        photo_sha256=row.photo_sha256,
        installed_on=row.installed_on,
        warranty_until=row.warranty_until,
        warranty=warranty_on(today, row.warranty_until) if is_used else Warranty.NONE,
        cost_vnd=row.cost_vnd,
        note=row.note,
        retired_on=row.retired_on,
        retired_why=row.retired_why,
        added_by=row.added_by,
        added_at=row.added_at,
        row_version=row.row_version,
        repairs=tuple(repairs.get(row.equipment_item_id, ())),
    )
