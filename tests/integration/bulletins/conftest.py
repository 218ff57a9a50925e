from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.domain.accounts import Actor, Role
from tests.support.bulletins import Studio, wav_bytes
from tests.support.web import DISTRICT, OTHER_DISTRICT, PROVINCE, Centre, centre


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Centre]:
    with centre(tmp_path) as built:
        yield built


@pytest.fixture
def studio(house: Centre, tmp_path: Path) -> Studio:
    return Studio(house, tmp_path)


@pytest.fixture(scope="session")
def voice_wav(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return wav_bytes(tmp_path_factory.mktemp("voice"))


@pytest.fixture(scope="session")
def other_wav(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return wav_bytes(tmp_path_factory.mktemp("voice"), seed=9)


@pytest.fixture
def author(house: Centre) -> Actor:
    return house.actor(Role.OPERATOR, DISTRICT)


@pytest.fixture
def approver(house: Centre) -> Actor:
    return house.actor(Role.APPROVER, DISTRICT)


@pytest.fixture
def editor(house: Centre) -> Actor:
    return house.actor(Role.OPERATOR, PROVINCE)


@pytest.fixture
def stranger(house: Centre) -> Actor:
    return house.actor(Role.OPERATOR, OTHER_DISTRICT)
