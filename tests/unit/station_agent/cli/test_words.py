"""Every code an agent can show has words, the same as on the centre's screens."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from controller.web import words as screens
from station_agent.cli import words
from station_agent.cli.doctor import NAMES
from station_agent.core import clock_trust
from station_agent.core.events import AssetChecked, StorageProblem
from station_protocol.vocabulary import ClockLevel, Outcome, Reason, StationHealth

AGENT = Path(words.__file__).parents[1]
CODE = re.compile(r"[a-z]+(_[a-z]+)+")


@cache
def _trees() -> tuple[tuple[str, ast.Module], ...]:
    paths = sorted(AGENT.rglob("*.py"))
    return tuple((p.relative_to(AGENT).as_posix(), ast.parse(p.read_text("utf-8"))) for p in paths)


def _texts(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def _is_call(node: ast.AST, *names: str) -> bool:
    return isinstance(node, ast.Call) and getattr(node.func, "id", "") in names


CONSTANTS = ("MISSING", "FAULT")
"""How a module names the fault it tells of."""
ELSEWHERE = {
    "code": "HardwareFault, and Booted.faults of build._faults: constants",
    "event.problem": "AssetChecked",
    "FAULT": "a constant",
}
"""Codes of faults that are not spelled where the fault is noted, and where they are."""


@cache
def fault_codes() -> frozenset[str]:
    """The codes of every FaultEntry in the source, and of the faults found at the start."""
    found: set[str] = set()
    for name, tree in _trees():
        for node in ast.walk(tree):
            if _is_call(node, "FaultEntry"):
                assert isinstance(node, ast.Call)
                (value,) = (word.value for word in node.keywords if word.arg == "code")
                if isinstance(value, ast.Constant):
                    found.add(str(value.value))
                else:
                    assert ast.unparse(value) in ELSEWHERE, f"{name}: which codes has this fault?"
            if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in CONSTANTS:
                found |= set(_texts(node.value))
            if isinstance(node, ast.FunctionDef) and node.name == "_faults":
                found |= {text for text in _texts(node) if CODE.fullmatch(text)}
    checked = get_args(get_args(get_type_hints(AssetChecked)["problem"])[0])
    return frozenset(found | set(checked))


@cache
def health_reasons() -> frozenset[str]:
    """What core/health.py can give as a reason."""
    tree = dict(_trees())["core/health.py"]
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    spelled = {text for node in functions for text in _texts(node) if CODE.fullmatch(text)}
    named = {clock_trust.WRONG, clock_trust.UNTRUSTED, *StorageProblem}
    return frozenset(spelled | named)


@cache
def doctor_codes() -> frozenset[str]:
    """What the checks of the doctor and the test tone can name."""
    found: set[str] = set()
    for name, tree in _trees():
        if name not in ("cli/checks.py", "cli/far_checks.py", "cli/tone.py"):
            continue
        for node in ast.walk(tree):
            if _is_call(node, "bad", "warn", "_trouble"):
                found |= {text for text in _texts(node) if CODE.fullmatch(text)}
    return frozenset(found | {"agent_not_running", "agent_silent"})


def test_the_source_is_read_as_meant() -> None:
    assert {"underrun", "amplifier_missing", "stop_button_missing", "journal_damaged"} <= (
        fault_codes()
    )
    assert {"no_plan", "clock_wrong", "storage_readonly"} <= health_reasons()
    assert {"broker_refused", "device_busy", "certificate_ends"} <= doctor_codes()


@pytest.mark.parametrize("code", sorted(fault_codes() | health_reasons() | doctor_codes()))
def test_each_code_says_what_it_means_and_what_to_do(code: str) -> None:
    trouble = words.TROUBLES[code]
    for sentence in (trouble.meaning, trouble.advice):
        assert sentence.vi
        assert sentence.en


def test_no_words_are_left_over() -> None:
    assert set(words.TROUBLES) == fault_codes() | health_reasons() | doctor_codes()


@pytest.mark.parametrize(
    ("table", "codes"),
    [
        (words.HEALTH, StationHealth),
        (words.CLOCKS, ClockLevel),
        (words.OUTCOMES, Outcome),
        (words.REASONS, Reason),
    ],
)
def test_each_word_of_the_wire_can_be_said(table: Mapping[str, words.Words], codes: type) -> None:
    assert set(table) == {str(code) for code in codes}  # type: ignore[attr-defined]


def test_the_pole_and_the_screen_use_the_same_words() -> None:
    shared = words.TROUBLES.keys() & screens.TROUBLES.keys()
    assert len(shared) > 8
    for code in shared:
        assert words.TROUBLES[code].meaning.vi == str(screens.TROUBLES[code])
    for code in words.REASONS.keys() & screens.REASONS.keys():
        assert words.REASONS[code].vi == str(screens.REASONS[code])
    for code, said in words.CLOCKS.items():
        assert said.vi == str(screens.CLOCKS[code])


def test_each_check_of_the_doctor_has_a_name() -> None:
    checks = set()
    for name, tree in _trees():
        if name in ("cli/checks.py", "cli/far_checks.py"):
            for node in ast.walk(tree):
                if _is_call(node, "bad", "warn", "Finding", "_pin"):
                    assert isinstance(node, ast.Call)
                    spelled = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                    checks |= set(spelled[:1])
    assert checks - set(words.TROUBLES) == set(NAMES)
