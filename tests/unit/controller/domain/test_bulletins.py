from __future__ import annotations

import pytest

from controller.domain.bulletins import (
    BulletinDeed,
    BulletinState,
    Language,
    VersionFacts,
    VersionState,
    after,
    can,
    clean_category,
    clean_language,
    clean_name,
    clean_reason,
    clean_tags,
    clean_text,
    clean_title,
    ensure_complete,
    ensure_not_own,
    newest,
    visible,
)
from controller.errors import InvalidInputError, OwnBulletinError, WrongStateError

S, D = BulletinState, BulletinDeed
ALLOWED = {
    (S.DRAFT, D.EDIT): S.DRAFT,
    (S.RETURNED, D.EDIT): S.RETURNED,
    (S.DRAFT, D.SUBMIT): S.SUBMITTED,
    (S.RETURNED, D.SUBMIT): S.SUBMITTED,
    (S.SUBMITTED, D.APPROVE): S.APPROVED,
    (S.SUBMITTED, D.RETURN): S.RETURNED,
    (S.DRAFT, D.CHANGE_SOUND): S.DRAFT,
    (S.SUBMITTED, D.CHANGE_SOUND): S.DRAFT,
    (S.RETURNED, D.CHANGE_SOUND): S.DRAFT,
    (S.APPROVED, D.CHANGE_SOUND): S.DRAFT,
    (S.DRAFT, D.WITHDRAW): S.WITHDRAWN,
    (S.SUBMITTED, D.WITHDRAW): S.WITHDRAWN,
    (S.RETURNED, D.WITHDRAW): S.WITHDRAWN,
    (S.APPROVED, D.WITHDRAW): S.WITHDRAWN,
    (S.DRAFT, D.FILE): S.DRAFT,
    (S.SUBMITTED, D.FILE): S.SUBMITTED,
    (S.RETURNED, D.FILE): S.RETURNED,
    (S.APPROVED, D.FILE): S.APPROVED,
    (S.APPROVED, D.SHARE): S.APPROVED,
    (S.DRAFT, D.UNSHARE): S.DRAFT,
    (S.SUBMITTED, D.UNSHARE): S.SUBMITTED,
    (S.RETURNED, D.UNSHARE): S.RETURNED,
    (S.APPROVED, D.UNSHARE): S.APPROVED,
}
PAIRS = [(state, deed) for state in S for deed in D]


@pytest.mark.parametrize(("state", "deed"), PAIRS)
def test_every_pair_of_state_and_deed_is_decided(state: S, deed: D) -> None:
    assert can(state, deed) == ((state, deed) in ALLOWED)
    if (state, deed) in ALLOWED:
        assert after(state, deed) is ALLOWED[state, deed]
        return
    with pytest.raises(WrongStateError) as error:
        after(state, deed)
    assert error.value.facts == {"state": state.value}


def ready(language: Language = Language.VI, number: int = 1, **more: bool) -> VersionFacts:
    return VersionFacts(language, number, VersionState.READY, **more)


def problem_of(call: object) -> tuple[object, object]:
    assert isinstance(call, InvalidInputError)
    return call.facts["field"], call.facts["problem"]


def test_the_newest_version_of_each_language_counts() -> None:
    versions = [ready(number=1), ready(Language.ROG, 4), ready(number=2)]
    assert newest(versions) == (ready(number=2), ready(Language.ROG, 4))


def test_a_refused_upload_leaves_the_sound_before_it_in_force() -> None:
    refused = VersionFacts(Language.VI, 2, VersionState.REFUSED)
    assert newest([ready(number=1), refused]) == (ready(number=1),)
    ensure_complete([ready(number=1), refused])


@pytest.mark.parametrize(
    ("versions", "problem"),
    [
        ([], "no_sound"),
        ([VersionFacts(Language.VI, 1, VersionState.REFUSED)], "no_sound"),
        ([ready(), VersionFacts(Language.VI, 2, VersionState.PROCESSING)], "sound_processing"),
        ([ready(), ready(Language.ROG, 1, has_blocking_finding=True)], "sound_unfit"),
    ],
)
def test_only_finished_and_fit_sound_can_be_submitted(
    versions: list[VersionFacts], problem: str
) -> None:
    with pytest.raises(InvalidInputError) as error:
        ensure_complete(versions)
    assert problem_of(error.value) == ("sound", problem)


def test_whoever_made_any_of_it_may_not_approve() -> None:
    ensure_not_own("approver", ["author", "helper"])
    for maker in ("author", "helper"):
        with pytest.raises(OwnBulletinError):
            ensure_not_own(maker, ["author", "helper"])


def test_a_title_is_one_line_of_composed_letters() -> None:
    assert clean_title("  Phòng  cháy\n rừng ") == "Phòng cháy rừng"
    assert clean_title("a" * 200) == "a" * 200


@pytest.mark.parametrize(
    ("title", "problem"),
    [
        ("", "missing"),
        (" \n ", "missing"),
        ("a" * 201, "text_too_long"),
        ("abc\x00", "hidden_characters"),
        ("gift\u202efdp", "hidden_characters"),
        ("zero\u200bwidth", "hidden_characters"),
    ],
)
def test_a_title_that_deceives_the_eye_is_refused(title: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        clean_title(title)
    assert problem_of(error.value) == ("title", problem)


def test_running_text_keeps_its_lines_and_nothing_hidden() -> None:
    assert clean_text("một\r\nhai\rba\tbốn  ") == "một\nhai\nba\tbốn"
    with pytest.raises(InvalidInputError) as error:
        clean_text("một\u2066hai")
    assert problem_of(error.value) == ("text", "hidden_characters")
    with pytest.raises(InvalidInputError) as error:
        clean_text("a" * 20_001)
    assert problem_of(error.value) == ("text", "text_too_long")


def test_returning_needs_a_reason() -> None:
    assert clean_reason(" đọc sai tên thôn ") == "đọc sai tên thôn"
    with pytest.raises(InvalidInputError) as error:
        clean_reason("  ")
    assert problem_of(error.value) == ("reason", "reason_missing")
    with pytest.raises(InvalidInputError) as error:
        clean_reason("a" * 1001)
    assert problem_of(error.value) == ("reason", "text_too_long")


def test_only_known_languages_and_subjects_are_taken() -> None:
    assert clean_language("rog") is Language.ROG
    assert (clean_category("health"), clean_category("")) == ("health", None)
    with pytest.raises(InvalidInputError) as error:
        clean_language("xx")
    assert problem_of(error.value) == ("language", "unknown_language")
    with pytest.raises(InvalidInputError) as error:
        clean_category("xx")
    assert problem_of(error.value) == ("category", "unknown_category")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("ban tin.mp3", "ban tin.mp3"),
        ("../../etc/passwd", "passwd"),
        (r"C:\Users\a\b.wav", "b.wav"),
        ("a\u202egpj.mp3\x00", "agpj.mp3"),
        ("", "?"),
        ("x" * 300, "x" * 200),
    ],
)
def test_the_name_of_an_upload_is_only_text(name: str, shown: str) -> None:
    assert clean_name(name) == shown


def test_tags_are_taken_apart_at_commas_and_kept_once_whatever_their_marks() -> None:
    assert clean_tags(" mùa  khô, Vay vốn; #mua kho,, ,VAY VỐN") == ("mùa khô", "Vay vốn")
    assert clean_tags(" , ; ") == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a" * 31, "tag_too_long"),
        (", ".join("abcdefghi"), "too_many_tags"),
        ("mùa\u202ekhô", "hidden_characters"),
    ],
)
def test_tags_that_cannot_be_used_are_refused_at_their_field(text: str, problem: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        clean_tags(text)
    assert refused.value.facts == {"field": "tags", "problem": problem}
    assert len(clean_tags(", ".join("abcdefgh"))) == 8
    assert clean_tags("a" * 30) == ("a" * 30,)


def test_words_that_hold_up_no_deed_lose_what_nobody_sees() -> None:
    assert visible("Nhầm\u202e\x00 bản\n tin\u200b") == "Nhầm bản tin"
