"""Names, passwords, and which role makes sense where."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.domain.accounts import (
    PERMISSIONS,
    Actor,
    Permission,
    Role,
    clean_password,
    clean_username,
    fits,
    is_username,
    weakness,
)
from controller.domain.places import PlaceKind

CONTENT = {
    Permission.WRITE_BULLETINS,
    Permission.APPROVE_BULLETINS,
    Permission.WRITE_SCHEDULES,
}


def test_the_admin_runs_the_machine_and_never_the_content() -> None:
    assert not PERMISSIONS[Role.ADMIN] & CONTENT
    assert Permission.MANAGE_ACCOUNTS in PERMISSIONS[Role.ADMIN]


def test_only_the_admin_manages_accounts_and_stations() -> None:
    for role in set(Role) - {Role.ADMIN}:
        assert not PERMISSIONS[role] & {Permission.MANAGE_ACCOUNTS, Permission.MANAGE_STATIONS}


def test_nobody_both_writes_and_approves_bulletins() -> None:
    both = {Permission.WRITE_BULLETINS, Permission.APPROVE_BULLETINS}
    assert not [role for role in Role if both <= PERMISSIONS[role]]


def test_the_auditor_reads_all_and_changes_nothing_but_says_what_was_heard() -> None:
    assert PERMISSIONS[Role.AUDITOR] == {
        Permission.VIEW,
        Permission.READ_AUDIT,
        Permission.CHECK_LISTENING,
    }


def test_everybody_sees_the_board() -> None:
    assert all(Permission.VIEW in PERMISSIONS[role] for role in Role)


def test_an_actor_may_what_the_role_may() -> None:
    approver = Actor("1", "loc", "Trần Văn Lộc", Role.APPROVER, "bac-ai", "127.0.0.1")
    assert approver.may(Permission.APPROVE_BULLETINS)
    assert not approver.may(Permission.WRITE_BULLETINS)


@pytest.mark.parametrize(
    ("role", "kind", "makes_sense"),
    [
        (Role.COMMUNE_OFFICER, PlaceKind.COMMUNE, True),
        (Role.COMMUNE_OFFICER, PlaceKind.DISTRICT, False),
        (Role.OPERATOR, PlaceKind.DISTRICT, True),
        (Role.OPERATOR, PlaceKind.PROVINCE, True),
        (Role.OPERATOR, PlaceKind.COMMUNE, False),
        (Role.ADMIN, PlaceKind.COMMUNE, False),
        (Role.ADMIN, PlaceKind.PROVINCE, True),
        (Role.APPROVER, PlaceKind.COMMUNE, True),
        (Role.AUDITOR, PlaceKind.PROVINCE, True),
    ],
)
def test_a_role_is_bound_to_the_levels_where_it_exists(
    role: Role, kind: PlaceKind, makes_sense: bool
) -> None:
    assert fits(role, kind) is makes_sense


@pytest.mark.parametrize("name", ["mai", "mai.bac-ai", "can_bo_1", "a" * 40])
def test_a_plain_name_can_sign_in(name: str) -> None:
    assert is_username(name)


@pytest.mark.parametrize(
    "name", ["", "ab", ".mai", "mai.", "Mai", "mài", "mai bac ai", "a" * 41, "mai\n", "mai/x"]
)
def test_a_name_that_would_confuse_is_no_username(name: str) -> None:
    assert not is_username(name)


def test_case_and_spaces_around_a_name_do_not_matter() -> None:
    assert clean_username("  Mai.Bac-Ai ") == "mai.bac-ai"


@given(st.text())
def test_a_password_is_the_same_however_the_keyboard_composes_it(text: str) -> None:
    decomposed = unicodedata.normalize("NFD", text)
    assert clean_password(decomposed) == clean_password(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("password", "problem"),
    [
        ("chín ký tự"[:9], "short"),
        ("mười ký tự", None),
        ("x" * 200, None),
        ("x" * 201, "long"),
        ("MAI.bac-ai của tôi", "name"),
    ],
)
def test_a_weak_password_is_named_for_what_is_wrong(password: str, problem: str | None) -> None:
    assert weakness(password, "mai.bac-ai") == problem
