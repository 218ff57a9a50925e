"""What programmes and bulletins sound like now: newest versions, as approved as they are."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from sqlalchemy import String, and_, cast, func, select
from sqlalchemy.orm import Session

from controller.domain.pieces import Recipe
from controller.domain.places import PlaceTree
from controller.domain.programmes import (
    Chimes,
    ItemKind,
    Joints,
    Named,
    Opening,
    ProgrammeItem,
    Run,
    Sound,
    languages_of,
)
from controller.domain.validity import ALWAYS, Validity, common
from controller.services.programme_sounds import (
    Answer,
    HeardItem,
    Pieces,
    Programme,
    heard,
    joined_recipes,
    order_of,
    own_recipes,
    ready_pieces,
)
from controller.services.scope import is_near
from controller.services.slot_sounds import DEFAULT_ORDER, order_key
from controller.storage.models import (
    AccountRow,
    BulletinRow,
    BulletinVersionRow,
    PlaceRow,
    ProgrammeItemRow,
    ProgrammeRow,
    StationRow,
)

_NOBODY = Answer("", datetime.min.replace(tzinfo=UTC))
"""Answers for what is not stored yet."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a programme sounds like now. `items` is empty as long as not all of it is approved."""

    programme_id: str
    title: str
    bulletin_ids: tuple[str, ...]
    duration_ms: int
    """The longest of what its stations get."""
    items: tuple[HeardItem, ...]
    others: Mapping[str, tuple[HeardItem, ...]] = field(default_factory=dict)
    """What stations with another order of languages get instead, by that order."""
    languages: frozenset[str] = frozenset()
    """Those in which every bulletin of it has sound."""
    validity: Validity = ALWAYS
    """The dates on which every bulletin of it may air."""
    versions: tuple[str, ...] = ()
    """The versions of bulletins that most stations hear, in order."""
    other_versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Those of `others`, by order of languages."""
    changed_at: datetime | None = None
    """When people put it together last."""
    recipes: frozenset[Recipe] = frozenset()
    """Pieces the centre has to make for it, made or not, but for those of single days."""
    is_kept: bool = False
    """Put together by people; False: the one bulletin of a rule."""
    sound_gone_at: datetime | None = None
    """Since when the sound of some bulletin of it is not kept any more; None: all of it is."""

    @property
    def is_approved(self) -> bool:
        """Whether it may air."""
        return bool(self.items)

    @property
    def every_item(self) -> tuple[HeardItem, ...]:
        """What any station gets."""
        return (*self.items, *(item for items in self.others.values() for item in items))


def load_contents(session: Session, programme_ids: Iterable[str]) -> dict[str, Content]:
    """What each programme sounds like now."""
    wanted = _programmes(session, list(programme_ids))
    items = [item for programme, _is_kept in wanted for item in programme.items]
    bulletins = bulletins_with_sound(session, {one.bulletin_id for one in items if one.bulletin_id})
    return _contents(session, wanted, bulletins)


def _programmes(session: Session, ids: Sequence[str]) -> list[tuple[Programme, bool]]:
    """The programmes, and whether people put them together."""
    items: defaultdict[str, list[ProgrammeItem]] = defaultdict(list)
    query = select(ProgrammeItemRow).where(ProgrammeItemRow.programme_id.in_(ids))
    for row in session.scalars(query.order_by(ProgrammeItemRow.position)):
        items[row.programme_id].append(item_of(row))
    rows = session.execute(
        select(ProgrammeRow, AccountRow.full_name, PlaceRow.kind_word, PlaceRow.name)
        .join(AccountRow, AccountRow.account_id == ProgrammeRow.created_by)
        .join(PlaceRow, PlaceRow.place_id == ProgrammeRow.place_id)
        .where(ProgrammeRow.programme_id.in_(ids))
    )
    return [
        (
            Programme(
                programme_id=row.programme_id,
                title=row.title,
                items=tuple(items[row.programme_id]),
                joints=Joints(Chimes(row.chimes), row.pause_ms),
                answer=Answer(row.changed_by or made_by, row.changed_at or row.created_at),
                place_name=f"Đài truyền thanh {kind_word} {name}",
            ),
            row.is_kept,
        )
        for row, made_by, kind_word, name in rows
    ]


def item_of(row: ProgrammeItemRow) -> ProgrammeItem:
    """A stored item; of an opening the row keeps who is named, and the voice."""
    item = ProgrammeItem(row.position, row.kind, row.bulletin_id)
    if row.kind != ItemKind.OPENING:
        return item
    named, _, voice = (row.asset or "").partition(" ")
    return replace(item, named=Named(named or Named.STATION), voice=voice)


def _orders(session: Session) -> frozenset[tuple[str, ...]]:
    """Every order of languages that a station has."""
    query = select(cast(StationRow.language_order, String)).distinct()
    found = session.scalars(query.where(StationRow.retired_at.is_(None)))
    return frozenset(tuple(json.loads(order)) for order in found)


@dataclass(frozen=True, slots=True)
class BulletinSound:
    """A bulletin's name and its newest ready version in each language."""

    bulletin_id: str
    title: str
    place_id: str
    sounds: tuple[Sound, ...]
    validity: Validity
    is_shared: bool
    """Whether other places may use it too."""
    sound_gone_at: datetime | None = None
    """Since when its sound is not kept any more; None: it is there, or never was."""


def bulletins_with_sound(session: Session, bulletin_ids: Iterable[str]) -> dict[str, BulletinSound]:
    """The newest ready version of each language, as approved only while the bulletin is.

    One whose sound went is approved no longer, and left out beside one that is there.
    """
    wanted = list(bulletin_ids)
    newest = (
        select(
            BulletinVersionRow.bulletin_id,
            BulletinVersionRow.language,
            func.max(BulletinVersionRow.number).label("number"),
        )
        .where(BulletinVersionRow.bulletin_id.in_(wanted), BulletinVersionRow.state == "ready")
        .group_by(BulletinVersionRow.bulletin_id, BulletinVersionRow.language)
        .subquery()
    )
    versions = session.scalars(
        select(BulletinVersionRow)
        .join(
            newest,
            and_(
                newest.c.bulletin_id == BulletinVersionRow.bulletin_id,
                newest.c.language == BulletinVersionRow.language,
                newest.c.number == BulletinVersionRow.number,
            ),
        )
        .order_by(BulletinVersionRow.language)
    ).all()
    by_bulletin: defaultdict[str, list[BulletinVersionRow]] = defaultdict(list)
    for version in versions:
        by_bulletin[version.bulletin_id].append(version)
    bulletins = session.scalars(select(BulletinRow).where(BulletinRow.bulletin_id.in_(wanted)))
    return {row.bulletin_id: _with_sound(row, by_bulletin[row.bulletin_id]) for row in bulletins}


def _with_sound(row: BulletinRow, newest: Sequence[BulletinVersionRow]) -> BulletinSound:
    there = [version for version in newest if version.sound_gone_at is None]
    is_approved = row.state == "approved" and bool(there)
    return BulletinSound(
        row.bulletin_id,
        row.title,
        row.place_id,
        tuple(_sound(version, is_approved=is_approved) for version in there or newest),
        Validity(row.valid_from, row.valid_until),
        row.shared_at is not None,
        None if there or not newest else newest[0].sound_gone_at,
    )


def _sound(row: BulletinVersionRow, *, is_approved: bool) -> Sound:
    return Sound(
        bulletin_version_id=row.bulletin_version_id,
        language=row.language,
        sha256=row.sha256 or "",
        size_bytes=row.size_bytes or 0,
        duration_ms=row.duration_ms or 0,
        approved_by=row.approved_by_name if is_approved else None,
        approved_at=row.approved_at if is_approved else None,
        lead_in_ms=row.lead_in_ms or 0,
    )


def _contents(
    session: Session,
    programmes: Sequence[tuple[Programme, bool]],
    bulletins: Mapping[str, BulletinSound],
) -> dict[str, Content]:
    found = {key: bulletin.sounds for key, bulletin in bulletins.items()}
    orders = _orders(session)
    own = {one.programme_id: own_recipes(one) for one, _is_kept in programmes}
    made = ready_pieces(session, set().union(*own.values()))
    drafts = [
        _ContentDraft(
            programme,
            is_kept,
            own[programme.programme_id],
            {order: order_of(programme, found, order, made) for order in [*orders, DEFAULT_ORDER]},
        )
        for programme, is_kept in programmes
    ]
    made |= ready_pieces(session, {one for draft in drafts for one in draft.joined})
    return {draft.programme.programme_id: draft.content(bulletins, found, made) for draft in drafts}


@dataclass(frozen=True, slots=True)
class _ContentDraft:
    """A programme whose running orders are known, and what is needed to make them."""

    programme: Programme
    is_kept: bool
    own: set[Recipe]
    orders: Mapping[tuple[str, ...], tuple[Run | Opening, ...]]

    @property
    def joined(self) -> set[Recipe]:
        return {one for order in self.orders.values() for one in joined_recipes(order)}

    def content(
        self,
        bulletins: Mapping[str, BulletinSound],
        sounds: Mapping[str, Sequence[Sound]],
        made: Pieces,
    ) -> Content:
        programme = self.programme
        ids = tuple(item.bulletin_id for item in programme.items if item.bulletin_id)
        title = programme.title
        if not self.is_kept and len(ids) == 1 and ids[0] in bulletins:
            title = bulletins[ids[0]].title
        by_order = {
            order_key(order): heard(programme, sounds, order, running, made)
            for order, running in self.orders.items()
        }
        longest_ms = max(one.length_ms for one in by_order.values())
        usual = by_order.pop(order_key(DEFAULT_ORDER))
        return Content(
            programme_id=programme.programme_id,
            title=title,
            bulletin_ids=ids,
            duration_ms=longest_ms,
            items=usual.items,
            others={key: one.items for key, one in by_order.items() if one.items != usual.items},
            languages=languages_of(programme.items, sounds),
            validity=common(bulletins[key].validity for key in ids if key in bulletins),
            versions=usual.versions,
            other_versions={
                key: one.versions for key, one in by_order.items() if one.items != usual.items
            },
            changed_at=programme.answer.at,
            recipes=frozenset(self.own | self.joined),
            is_kept=self.is_kept,
            sound_gone_at=next(
                (
                    bulletins[key].sound_gone_at
                    for key in ids
                    if key in bulletins and bulletins[key].sound_gone_at is not None
                ),
                None,
            ),
        )


def is_usable(tree: PlaceTree, place_id: str, bulletin: BulletinSound) -> bool:
    """Whether a bulletin was made at a place, below it or above it, or is shared."""
    return bulletin.is_shared or is_near(tree, place_id, bulletin.place_id)


def content_of(session: Session, bulletin: BulletinSound) -> Content:
    """A programme of one bulletin, before it is stored."""
    return contents_of(session, [bulletin])[bulletin.bulletin_id]


def contents_of(session: Session, bulletins: Iterable[BulletinSound]) -> dict[str, Content]:
    """A programme of each bulletin alone, before any is stored; by the bulletin's id."""
    known = {one.bulletin_id: one for one in bulletins}
    alone = [
        (
            Programme(
                one.bulletin_id,
                one.title,
                (ProgrammeItem(1, ItemKind.BULLETIN, one.bulletin_id),),
                Joints(),
                _NOBODY,
                "",
            ),
            False,
        )
        for one in known.values()
    ]
    return _contents(session, alone, known)


def content_of_items(
    session: Session,
    items: tuple[ProgrammeItem, ...],
    joints: Joints,
    bulletins: Mapping[str, BulletinSound],
) -> Content:
    """A programme of these items, before it is stored and anybody answers for it."""
    programme = Programme("", "", items, joints, _NOBODY, "")
    return _contents(session, [(programme, True)], bulletins)[""]
