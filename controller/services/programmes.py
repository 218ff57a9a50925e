"""Programmes as people put them together: items in order, templates to copy, what uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from controller.domain.accounts import Actor, Permission
from controller.domain.bulletins import clean_text
from controller.domain.places import PlaceTree
from controller.domain.programmes import (
    MOST_ITEMS,
    MOST_PAUSE_MS,
    OF_A_BULLETIN,
    Chimes,
    ItemKind,
    Joints,
    Named,
    ProgrammeItem,
)
from controller.domain.schedule import local_date, next_after
from controller.errors import InvalidInputError, NotFoundError, OutOfScopeError, StaleEditError
from controller.services.audit import Deed, changed, record
from controller.services.contents import (
    BulletinSound,
    Content,
    bulletins_with_sound,
    content_of_items,
    is_usable,
    item_of,
    load_contents,
)
from controller.services.hours import Hours
from controller.services.identifiers import new_id
from controller.services.places import Places
from controller.services.schedule_check import judge
from controller.services.schedule_refusals import refuse
from controller.services.schedule_rows import StoredSchedule, load
from controller.services.schedule_store import take_turn
from controller.services.schedule_world import read_world
from controller.services.scope import is_near
from controller.storage.database import Database
from controller.storage.models import (
    ProgrammeItemRow,
    ProgrammeRow,
    ScheduleRow,
)
from station_protocol.vocabulary import EndPolicy

OBJECT_KIND = "programme"
LONGEST_TITLE = 200
_PLAIN = Joints()


@dataclass(frozen=True, slots=True)
class ItemWish:
    """An item as somebody chose it; an empty `bulletin_id` is a place left open in a template."""

    kind: ItemKind
    bulletin_id: str = ""
    named: Named = Named.STATION
    voice: str = ""


@dataclass(frozen=True, slots=True)
class ProgrammeWish:
    """A programme as somebody put it together."""

    title: str
    items: tuple[ItemWish, ...]
    joints: Joints = _PLAIN
    end_policy: EndPolicy = EndPolicy.CUT
    is_template: bool = False


@dataclass(frozen=True, slots=True)
class ItemView:
    """One line of a programme; `title` and `length_ms` are empty while there is no bulletin."""

    wish: ItemWish
    title: str
    length_ms: int | None
    is_approved: bool


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a programme would be: its lines, its length beside what the stations may air."""

    items: tuple[ItemView, ...]
    length_ms: int
    cap_ms: int
    """The shortest length cap of the stations in the place of the programme."""
    is_approved: bool

    @property
    def is_too_long(self) -> bool:
        """Whether some station may not air it whole."""
        return self.length_ms > self.cap_ms


@dataclass(frozen=True, slots=True)
class ProgrammeLine:
    """A programme in the list."""

    programme_id: str
    title: str
    place_id: str
    is_template: bool
    length_ms: int
    is_approved: bool
    item_count: int
    changed_by: str
    changed_at: datetime
    schedules: int
    """How many schedules that still air use it."""

    @property
    def choice(self) -> str:
        """How it is named where programmes and bulletins are chosen from one list."""
        return f"programme:{self.programme_id}"


@dataclass(frozen=True, slots=True)
class ProgrammeView:
    """A stored programme."""

    line: ProgrammeLine
    wish: ProgrammeWish
    row_version: int
    may_change: bool


class Programmes:
    """Keeps programmes; schedules follow what they become."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        places: Places,
        hours: Hours,
        wake: Callable[[str], None],
        *,
        is_voice: Callable[[str], bool],
    ) -> None:
        """`is_voice`: whether a voice of this name may read an opening."""
        self._database = database
        self._now = now
        self._places = places
        self._hours = hours
        self._wake = wake
        self._is_voice = is_voice

    # --- what people look at ----------------------------------------------------------------------

    def all(self, actor: Actor) -> tuple[ProgrammeLine, ...]:
        """Those of the actor's place, below and above it; the one changed last comes first."""
        with self._database.read() as session:
            return tuple(view.line for view in self._views(session, actor))

    def airable(self, actor: Actor) -> tuple[ProgrammeLine, ...]:
        """Those that may be scheduled now: no templates, every bulletin approved."""
        return tuple(one for one in self.all(actor) if one.is_approved and not one.is_template)

    def show(self, actor: Actor, programme_id: str) -> ProgrammeView:
        """One of them. NotFoundError, also for one of another district."""
        with self._database.read() as session:
            return self._view(session, actor, programme_id)

    def sketch(self, actor: Actor, wish: ProgrammeWish, place_id: str | None = None) -> Sketch:
        """What this would be, saved or not. Bulletins that are not the actor's to use are empty.

        `place_id`: whose programme it is; None: the actor's place.
        """
        tree = self._places.tree()
        with self._database.read() as session:
            found = _bulletins(session, wish, tree, actor)
            items = tuple(_stored_items(wish.items))
            content = content_of_items(session, items, wish.joints, found)
        caps = [station.max_length_ms for station in tree.stations_in([place_id or actor.place_id])]
        lines = tuple(_item_view(item, found) for item in wish.items)
        return Sketch(lines, content.duration_ms, min(caps, default=0), content.is_approved)

    # --- changing ---------------------------------------------------------------------------------

    def create(self, actor: Actor, wish: ProgrammeWish) -> str:
        """Keep a new programme; its id. InvalidInputError, OutOfScopeError."""
        at = self._now()
        with self._database.write() as session:
            title = self._checked(session, actor, wish)
            row = ProgrammeRow(
                programme_id=new_id(at),
                title=title,
                place_id=actor.place_id,
                is_kept=True,
                created_by=actor.account_id,
                created_at=at,
            )
            session.add(row)
            self._write(session, actor, row, replace(wish, title=title), "programme.create", at)
            return row.programme_id

    def change(self, actor: Actor, programme_id: str, wish: ProgrammeWish, row_version: int) -> int:
        """Put it together anew; how many schedules follow it. StaleEditError if somebody was first.

        Schedules that air it are judged as if they were saved anew, see `refuse` for the errors; a
        place above or beside that airs it keeps it as it is: InvalidInputError `used_elsewhere`.
        Others: InvalidInputError, OutOfScopeError, NotFoundError.
        """
        at = self._now()
        with self._database.write() as session:
            take_turn(session)
            view = self._mine(session, actor, programme_id)
            row = session.get_one(ProgrammeRow, programme_id)
            if row.row_version != row_version:
                raise StaleEditError(
                    f"programme {programme_id} was changed",
                    who=row.changed_by,
                    changed_at=row.changed_at,
                )
            if wish.is_template and view.line.schedules:
                raise InvalidInputError("in use", field="is_template", problem="in_use")
            title = self._checked(session, actor, wish)
            following = self._following(session, programme_id)
            self._ensure_own(actor, following)
            row.row_version += 1
            session.execute(
                delete(ProgrammeItemRow).where(ProgrammeItemRow.programme_id == programme_id)
            )
            was = {"title": row.title, "items": view.line.item_count}
            self._write(
                session, actor, row, replace(wish, title=title), "programme.change", at, was
            )
            self._judge(session, [stored.schedule_id for stored in following])
        self._wake("plan_refresh")
        return view.line.schedules

    def retire(self, actor: Actor, programme_id: str) -> None:
        """Offer it no more. InvalidInputError while a schedule that still airs uses it."""
        at = self._now()
        with self._database.write() as session:
            take_turn(session)
            view = self._mine(session, actor, programme_id)
            if view.line.schedules:
                raise InvalidInputError("in use", field="programme", problem="in_use")
            row = session.get_one(ProgrammeRow, programme_id)
            row.retired_at = at
            row.row_version += 1
            deed = Deed("programme.retire", OBJECT_KIND, programme_id, row.place_id)
            record(session, actor, deed, at=at)

    # --- pieces -----------------------------------------------------------------------------------

    def _write(
        self,
        session: Session,
        actor: Actor,
        row: ProgrammeRow,
        wish: ProgrammeWish,
        action: str,
        at: datetime,
        was: Mapping[str, object] | None = None,
    ) -> None:
        row.title, row.is_template = wish.title, wish.is_template
        row.chimes, row.pause_ms = wish.joints.chimes.value, wish.joints.pause_ms
        row.end_policy = wish.end_policy.value
        row.changed_by, row.changed_at = actor.full_name, at
        session.flush()
        session.add_all(
            ProgrammeItemRow(
                programme_id=row.programme_id,
                position=position,
                kind=item.kind.value,
                bulletin_id=item.bulletin_id or None,
                asset=f"{item.named.value} {item.voice}" if item.kind is ItemKind.OPENING else None,
            )
            for position, item in enumerate(wish.items, start=1)
        )
        session.flush()
        detail = changed(was or {}, {"title": wish.title, "items": len(wish.items)})
        record(
            session, actor, Deed(action, OBJECT_KIND, row.programme_id, row.place_id, detail), at=at
        )

    def _checked(self, session: Session, actor: Actor, wish: ProgrammeWish) -> str:
        """The clean title; errors name the field."""
        words = clean_text(wish.title, field="title", longest=LONGEST_TITLE)
        title = " ".join(words.split())
        if not title:
            raise InvalidInputError("no title", field="title", problem="missing")
        if not 1 <= len(wish.items) <= MOST_ITEMS:
            problem = "too_many" if wish.items else "missing"
            raise InvalidInputError("items", field="items", problem=problem)
        if not 0 <= wish.joints.pause_ms <= MOST_PAUSE_MS:
            raise InvalidInputError("pause", field="pause", problem="out_of_range")
        with_bulletin = [item for item in wish.items if item.kind in OF_A_BULLETIN]
        if not with_bulletin:
            raise InvalidInputError("no bulletin", field="items", problem="no_bulletin")
        if not wish.is_template and not all(item.bulletin_id for item in with_bulletin):
            raise InvalidInputError("open place", field="items", problem="open_place")
        if any(
            item.kind is ItemKind.OPENING and not self._is_voice(item.voice) for item in wish.items
        ):
            raise InvalidInputError("no such voice", field="items", problem="no_voice")
        known = _bulletins(session, wish, self._places.tree(), actor)
        for item in with_bulletin:
            if item.bulletin_id and item.bulletin_id not in known:
                raise OutOfScopeError(f"bulletin {item.bulletin_id}", bulletin_id=item.bulletin_id)
        return title

    def _following(self, session: Session, programme_id: str) -> list[StoredSchedule]:
        """The schedules that may still air it."""
        today = local_date(self._now())
        return load(
            session,
            ScheduleRow.programme_id == programme_id,
            or_(ScheduleRow.ends_on.is_(None), ScheduleRow.ends_on >= today),
        )

    def _ensure_own(self, actor: Actor, following: Iterable[StoredSchedule]) -> None:
        """Nobody changes what a place above or beside the own one airs."""
        tree = self._places.tree()
        if not all(tree.is_within(stored.place_id, actor.place_id) for stored in following):
            raise InvalidInputError("used", field="programme", problem="used_elsewhere")

    def _judge(self, session: Session, schedule_ids: Sequence[str]) -> None:
        """Refuse what some schedule could not be saved with."""
        now, tree = self._now(), self._places.tree()
        hours = self._hours.book(session)
        for stored in load(session, ScheduleRow.schedule_id.in_(schedule_ids)):
            if next_after(stored.rule, now) is None:
                continue
            replacing = (stored.schedule_id, local_date(now))
            world = read_world(session, tree, hours, now, replacing=replacing)
            refuse(
                judge(
                    stored.rule,
                    stored.target_ids,
                    world,
                    is_approved=stored.content.is_approved,
                    sound_gone_at=stored.content.sound_gone_at,
                    languages=stored.content.languages,
                    validity=stored.content.validity,
                )
            )

    def _mine(self, session: Session, actor: Actor, programme_id: str) -> ProgrammeView:
        view = self._view(session, actor, programme_id)
        if not view.may_change:
            raise OutOfScopeError(f"programme {programme_id}", programme_id=programme_id)
        return view

    def _view(self, session: Session, actor: Actor, programme_id: str) -> ProgrammeView:
        found = self._views(session, actor, programme_id)
        if not found:
            raise NotFoundError(f"no programme {programme_id}")
        return found[0]

    def _views(
        self, session: Session, actor: Actor, programme_id: str | None = None
    ) -> list[ProgrammeView]:
        tree = self._places.tree()
        query = select(ProgrammeRow).where(
            ProgrammeRow.is_kept.is_(True), ProgrammeRow.retired_at.is_(None)
        )
        if programme_id is not None:
            query = query.where(ProgrammeRow.programme_id == programme_id)
        rows = [
            row
            for row in session.scalars(query.order_by(ProgrammeRow.changed_at.desc()))
            if is_near(tree, actor.place_id, row.place_id)
        ]
        ids = [row.programme_id for row in rows]
        contents, used = load_contents(session, ids), _used(session, ids, self._now())
        items = _items(session, ids)
        return [
            _stored_view(
                row,
                items.get(row.programme_id, ()),
                contents[row.programme_id],
                used.get(row.programme_id, 0),
                may_change=tree.is_within(row.place_id, actor.place_id)
                and actor.may(Permission.WRITE_SCHEDULES),
            )
            for row in rows
        ]


def _bulletins(
    session: Session, wish: ProgrammeWish, tree: PlaceTree, actor: Actor
) -> dict[str, BulletinSound]:
    """The bulletins of these items that the actor may use."""
    ids = {item.bulletin_id for item in wish.items if item.bulletin_id}
    found = bulletins_with_sound(session, ids)
    return {key: one for key, one in found.items() if is_usable(tree, actor.place_id, one)}


def _stored_items(items: Iterable[ItemWish]) -> Iterable[ProgrammeItem]:
    for position, item in enumerate(items, start=1):
        yield ProgrammeItem(
            position, item.kind.value, item.bulletin_id or None, item.named, item.voice
        )


def _item_view(item: ItemWish, found: dict[str, BulletinSound]) -> ItemView:
    if item.kind not in OF_A_BULLETIN:
        return ItemView(item, "", None, is_approved=True)
    bulletin = found.get(item.bulletin_id)
    if bulletin is None:
        return ItemView(replace(item, bulletin_id=""), "", None, is_approved=False)
    longest = max((sound.duration_ms for sound in bulletin.sounds), default=None)
    approved = bool(bulletin.sounds) and all(sound.is_approved for sound in bulletin.sounds)
    return ItemView(item, bulletin.title, longest, is_approved=approved)


def _items(session: Session, ids: Sequence[str]) -> dict[str, list[ItemWish]]:
    found: dict[str, list[ItemWish]] = {}
    query = select(ProgrammeItemRow).where(ProgrammeItemRow.programme_id.in_(ids))
    for row in session.scalars(query.order_by(ProgrammeItemRow.position)):
        item = item_of(row)
        wish = ItemWish(ItemKind(item.kind), item.bulletin_id or "", item.named, item.voice)
        found.setdefault(row.programme_id, []).append(wish)
    return found


def _used(session: Session, ids: Sequence[str], now: datetime) -> dict[str, int]:
    """How many schedules that may still air use each programme."""
    query = (
        select(ScheduleRow.programme_id, func.count())
        .where(
            ScheduleRow.programme_id.in_(ids),
            or_(ScheduleRow.ends_on.is_(None), ScheduleRow.ends_on >= local_date(now)),
        )
        .group_by(ScheduleRow.programme_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _stored_view(
    row: ProgrammeRow,
    items: Sequence[ItemWish],
    content: Content,
    schedules: int,
    *,
    may_change: bool,
) -> ProgrammeView:
    line = ProgrammeLine(
        programme_id=row.programme_id,
        title=row.title,
        place_id=row.place_id,
        is_template=row.is_template,
        length_ms=content.duration_ms,
        is_approved=content.is_approved,
        item_count=len(items),
        changed_by=row.changed_by or "",
        changed_at=row.changed_at or row.created_at,
        schedules=schedules,
    )
    wish = ProgrammeWish(
        title=row.title,
        items=tuple(items),
        joints=Joints(Chimes(row.chimes), row.pause_ms),
        end_policy=EndPolicy(row.end_policy),
        is_template=row.is_template,
    )
    return ProgrammeView(line, wish, row.row_version, may_change)
