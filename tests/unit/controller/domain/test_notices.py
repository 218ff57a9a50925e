"""Who is told of what, under which place, how often it is tried, and which addresses are none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from controller.domain.accounts import Role
from controller.domain.notices import (
    GOOD_FOR,
    HELD_FOR,
    OFFERED,
    NoticeKind,
    Way,
    as_json,
    clean_email,
    from_json,
    pause_after,
    unasked,
)
from controller.errors import InvalidInputError


def test_every_kind_is_offered_to_somebody_and_knows_its_times() -> None:
    assert {kind for kinds in OFFERED.values() for kind in kinds} == set(NoticeKind)
    for kind in NoticeKind:
        assert HELD_FOR[kind] < GOOD_FOR[kind]


def test_nobody_is_written_to_before_they_gave_an_address_and_nobody_called_unasked() -> None:
    for role in Role:
        choices = unasked(role)
        assert not any(choices.wants(kind, Way.EMAIL) for kind in NoticeKind)
        assert not any(choices.wants(kind, Way.WEBHOOK) for kind in NoticeKind)
    assert unasked(Role.OPERATOR).wants(NoticeKind.STATION_DOWN, Way.PAGE)
    assert not unasked(Role.APPROVER).wants(NoticeKind.STATION_DOWN, Way.PAGE)


def test_choices_come_back_as_they_were_kept_and_odd_words_are_nothing() -> None:
    kept = as_json({NoticeKind.RETURNED: {Way.EMAIL}, NoticeKind.COMMENT: set()})
    chosen = from_json(Role.OPERATOR, kept | {"slot_failed": ["pigeon"]}, "mai@bacai.vn")
    assert chosen.wants(NoticeKind.RETURNED, Way.EMAIL)
    assert not chosen.wants(NoticeKind.RETURNED, Way.PAGE)
    assert not chosen.wants(NoticeKind.COMMENT, Way.PAGE)
    assert not chosen.wants(NoticeKind.SLOT_FAILED, Way.PAGE)
    assert chosen.wants(NoticeKind.NOT_READY, Way.EMAIL), "a kind nobody was asked about yet"


def test_the_pause_between_tries_doubles_up_to_an_hour() -> None:
    pauses = [pause_after(tries) for tries in (1, 2, 3, 7, 8, 9, 1000)]
    seconds = [30, 60, 120, 1920, 3600, 3600, 3600]
    assert pauses == [timedelta(seconds=one) for one in seconds]


@pytest.mark.parametrize("text", ["mai@bacai.ninhthuan.gov.vn", " a.b+c@x.vn ", "vang@localhost"])
def test_an_address_is_taken_without_the_spaces_around_it(text: str) -> None:
    assert clean_email(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "mai", "mai@", "@bacai.vn", "mai@@bacai.vn", "mai@bac ai.vn", "mai@bacai.vn\nBcc: a@b.vn",
        "mai@-x.vn", ".mai@x.vn", "ma..i@x.vn", "mái@x.vn", "a@b.vn,c@d.vn", "<mai@x.vn>",
        "a" * 250 + "@x.vn",
    ],
)  # fmt: skip
def test_what_no_letter_can_be_sent_to_is_refused(text: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        clean_email(text)
    assert refused.value.facts["problem"] == "bad_email"


def test_an_empty_field_is_no_address() -> None:
    assert clean_email("  ") is None
