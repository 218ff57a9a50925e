"""Sound in a bucket of a real S3 server, read through a folder of this machine."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from audio_library.errors import AssetCorruptError, AssetMissingError, AssetUnreachableError
from audio_library.object_store import ObjectStore
from audio_library.s3 import S3Account, S3Bucket
from controller.cli.doctor import look_at_sound
from controller.link.processes import free_port
from controller.settings import S3Settings, Settings, SettingsError, SoundSettings
from controller.wiring import sound_store
from tests.support.object_server import ObjectServer, object_server

pytestmark = pytest.mark.real
WRONG = "not the key"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectServer]:
    with object_server(tmp_path_factory.mktemp("weed")) as running:
        yield running


def store_at(account: S3Account, folder: Path, *, cache_bytes: int = 10**9) -> ObjectStore:
    return ObjectStore(S3Bucket(account), folder, cache_bytes=cache_bytes)


@pytest.fixture
def store(server: ObjectServer, tmp_path: Path) -> ObjectStore:
    return store_at(server.account, tmp_path / "cache")


def a_sound(folder: Path, size: int = 50_000) -> tuple[Path, str]:
    data = b"OggS" + secrets.token_bytes(size)
    path = folder / f"{secrets.token_hex(4)}.opus"
    path.write_bytes(data)
    return path, hashlib.sha256(data).hexdigest()


def key_of(sha256: str) -> str:
    return f"sound/{sha256[:2]}/{sha256}.opus"


def spoil(server: ObjectServer, sha256: str) -> None:
    server.client.put_object(Bucket="vang", Key=key_of(sha256), Body=b"OggS other bytes")


def test_what_is_put_lies_in_the_bucket_and_comes_back_on_another_machine(
    server: ObjectServer, store: ObjectStore, tmp_path: Path
) -> None:
    source, sha256 = a_sound(tmp_path)
    assert not store.has(sha256)
    assert store.put(source) == sha256
    answer = server.client.get_object(Bucket="vang", Key=key_of(sha256))
    assert answer["Body"].read() == source.read_bytes()
    assert answer["ContentType"] == "audio/ogg"
    elsewhere = store_at(server.account, tmp_path / "elsewhere")
    assert elsewhere.has(sha256)
    assert elsewhere.path(sha256).read_bytes() == source.read_bytes()
    with elsewhere.open(sha256) as file:
        assert file.read(4) == b"OggS"
    elsewhere.verify(sha256)


def test_a_copy_that_is_here_is_read_without_asking_the_server(
    server: ObjectServer, store: ObjectStore, tmp_path: Path
) -> None:
    source, sha256 = a_sound(tmp_path)
    store.put(source)
    server.client.delete_object(Bucket="vang", Key=key_of(sha256))
    assert store.path(sha256).read_bytes() == source.read_bytes()


def test_a_corrupt_copy_is_fetched_again(
    server: ObjectServer, store: ObjectStore, tmp_path: Path
) -> None:
    source, sha256 = a_sound(tmp_path)
    store.put(source)
    store.path(sha256).write_bytes(b"OggS rotten")
    assert store.path(sha256).read_bytes() == source.read_bytes()
    copy = store.path(sha256)
    copy.write_bytes(b"OggS rotten")
    again = store_at(server.account, tmp_path / "cache")  # as after a new start
    assert again.path(sha256).read_bytes() == source.read_bytes()


def test_an_object_with_other_bytes_is_never_handed_out(
    server: ObjectServer, store: ObjectStore, tmp_path: Path
) -> None:
    source, sha256 = a_sound(tmp_path)
    store.put(source)
    spoil(server, sha256)
    with pytest.raises(AssetCorruptError):
        store.verify(sha256)
    elsewhere = store_at(server.account, tmp_path / "elsewhere")
    with pytest.raises(AssetMissingError):
        elsewhere.path(sha256)
    assert not list((tmp_path / "elsewhere").rglob("*.opus"))
    store.put(source)  # putting the sound again heals the object
    assert elsewhere.path(sha256).read_bytes() == source.read_bytes()


def test_a_put_whose_bytes_do_not_come_back_is_no_put(server: ObjectServer, tmp_path: Path) -> None:
    class Careless(S3Bucket):
        def upload(self, key: str, source: Path, sha256: str) -> None:
            super().upload(key, source, sha256)
            spoil(server, sha256)

    store = ObjectStore(Careless(server.account), tmp_path / "cache", cache_bytes=10**9)
    source, sha256 = a_sound(tmp_path)
    with pytest.raises(AssetCorruptError):
        store.put(source)
    assert not store.has(sha256)


def test_the_server_itself_refuses_bytes_that_are_not_those_announced(
    server: ObjectServer, tmp_path: Path
) -> None:
    source, _sha256 = a_sound(tmp_path)
    other = "0" * 64
    with pytest.raises(AssetUnreachableError):
        S3Bucket(server.account).upload("zz/other", source, other)
    assert not S3Bucket(server.account).has("zz/other")


def test_a_wrong_key_is_refused_by_its_signature(server: ObjectServer, tmp_path: Path) -> None:
    source, sha256 = a_sound(tmp_path)
    wrong = store_at(server.account_with(secret_key=WRONG), tmp_path / "cache")
    with pytest.raises(AssetUnreachableError) as refused:
        wrong.put(source)
    assert refused.value.why == "SignatureDoesNotMatch"
    with pytest.raises(ClientError):
        server.client.head_object(Bucket="vang", Key=key_of(sha256))
    stranger = store_at(server.account_with(access_key="nobody"), tmp_path / "cache")
    with pytest.raises(AssetUnreachableError) as unknown:
        stranger.verify(sha256)
    assert unknown.value.why == "InvalidAccessKeyId"


def test_a_server_that_is_away_is_no_missing_sound_but_no_crash_either(
    server: ObjectServer, tmp_path: Path
) -> None:
    nobody = server.account_with(endpoint=f"http://127.0.0.1:{free_port('127.0.0.1')}")
    away = store_at(nobody, tmp_path / "cache")
    with pytest.raises(AssetUnreachableError):
        away.path("a" * 64)
    with pytest.raises(AssetUnreachableError):
        away.has("a" * 64)


def test_only_old_sound_that_nobody_names_is_swept(
    server: ObjectServer, store: ObjectStore, tmp_path: Path
) -> None:
    kept_source, kept = a_sound(tmp_path)
    gone_source, gone = a_sound(tmp_path)
    store.put(kept_source)
    store.put(gone_source)
    server.client.put_object(Bucket="vang", Key="sound/readme.txt", Body=b"not ours")
    server.client.put_object(Bucket="vang", Key=f"other/{gone}.opus", Body=b"not ours")
    now = store.path(gone).stat().st_mtime
    assert gone not in store.sweep_orphans({kept}, older_than_epoch_s=now - 3600)
    swept = store.sweep_orphans({kept}, older_than_epoch_s=now + 3600)
    assert gone in swept
    assert kept not in swept
    assert store.has(kept)
    assert not store.has(gone)
    with pytest.raises(AssetMissingError):
        store.path(gone)
    for key in ("sound/readme.txt", f"other/{gone}.opus"):
        server.client.head_object(Bucket="vang", Key=key)


def test_copies_longest_unread_go_when_the_folder_is_full(
    server: ObjectServer, tmp_path: Path
) -> None:
    store = store_at(server.account, tmp_path / "cache", cache_bytes=120_000)
    sounds = [a_sound(tmp_path) for _ in range(4)]
    for number, (source, sha256) in enumerate(sounds):
        store.put(source)
        at = 1_000_000_000 + number * 10_000
        os.utime(tmp_path / "cache" / sha256[:2] / f"{sha256}.opus", (at, at))
    source, newest = a_sound(tmp_path)
    store.put(source)
    here = {path.stem for path in (tmp_path / "cache").rglob("*.opus")}
    assert newest in here
    assert sounds[0][1] not in here
    assert sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*.opus")) <= 120_000
    assert store.path(sounds[0][1]).read_bytes() == sounds[0][0].read_bytes()


def test_the_settings_choose_it_and_say_what_is_missing(
    server: ObjectServer, tmp_path: Path
) -> None:
    account = server.account
    s3 = S3Settings(
        endpoint=account.endpoint,
        bucket=account.bucket,
        prefix="by-settings",
        access_key=account.access_key,
        secret_key=account.secret_key,
    )
    sound = SoundSettings(store="s3")
    chosen = sound_store(Settings(data_folder=str(tmp_path), sound=sound, s3=s3))
    source, sha256 = a_sound(tmp_path)
    chosen.put(source)
    key = f"by-settings/{sha256[:2]}/{sha256}.opus"
    assert server.client.head_object(Bucket="vang", Key=key)["ContentLength"] == 50_004
    with pytest.raises(SettingsError, match=r"s3\.bucket is missing"):
        sound_store(Settings(data_folder=str(tmp_path), sound=sound))
    with pytest.raises(SettingsError, match="no store tape"):
        sound_store(Settings(sound=SoundSettings(store="tape")))


def test_the_doctor_asks_the_bucket(server: ObjectServer, tmp_path: Path) -> None:
    account = server.account
    s3 = S3Settings(
        endpoint=account.endpoint,
        bucket=account.bucket,
        access_key=account.access_key,
        secret_key=account.secret_key,
    )
    folder, sound = str(tmp_path), SoundSettings(store="s3")
    (fine,) = look_at_sound(Settings(data_folder=folder, sound=sound, s3=s3))
    assert (fine.words, fine.is_bad) == ("sound lies in vang", False)
    wrong = replace(s3, secret_key=WRONG)
    (refused,) = look_at_sound(Settings(data_folder=folder, sound=sound, s3=wrong))
    assert refused.is_bad
