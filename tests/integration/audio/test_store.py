from __future__ import annotations

import errno
import hashlib
import os
from pathlib import Path

import pytest

from audio_library.errors import AssetCorruptError, AssetMissingError
from audio_library.store import ORIGINAL_SUFFIX, FolderStore

SOUND = b"OggS" + bytes(5000)
SHA = hashlib.sha256(SOUND).hexdigest()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "sound.opus"
    path.write_bytes(SOUND)
    return path


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_sound_is_found_again_under_its_hash(store: FolderStore, source: Path) -> None:
    assert not store.has(SHA)
    assert store.put(source) == SHA
    assert store.has(SHA)
    assert store.path(SHA).read_bytes() == SOUND
    with store.open(SHA) as file:
        assert file.read(4) == b"OggS"
    store.verify(SHA)
    assert source.exists()


def test_putting_the_same_bytes_twice_keeps_one_file(store: FolderStore, source: Path) -> None:
    assert store.put(source) == store.put(source)
    assert [p.name for p in store.path(SHA).parent.iterdir()] == [f"{SHA}.opus"]


def test_one_changed_byte_is_found(store: FolderStore, source: Path) -> None:
    place = store.path(store.put(source))
    place.write_bytes(SOUND[:-1] + b"x")
    with pytest.raises(AssetCorruptError) as error:
        store.verify(SHA)
    assert error.value.sha256 == SHA
    assert error.value.found_sha256 != SHA
    store.put(source)  # putting the sound again heals the copy
    store.verify(SHA)


@pytest.mark.parametrize(
    "name",
    ["", "../../etc/passwd", "a" * 63, "A" * 64, "a" * 64 + "\n", "/" + "a" * 63, "é" * 64],
)
def test_a_name_that_is_no_hash_is_never_a_path(store: FolderStore, name: str) -> None:
    assert not store.has(name)
    for deed in (store.path, store.open, store.verify):
        with pytest.raises(AssetMissingError):
            deed(name)


def test_a_failed_put_leaves_nothing(store: FolderStore, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        store.put(tmp_path / "nowhere")
    assert list((tmp_path / "store").iterdir()) == []


def test_only_old_unused_sound_is_swept(store: FolderStore, tmp_path: Path) -> None:
    hashes = []
    for number in range(3):
        piece = tmp_path / f"{number}.opus"
        piece.write_bytes(bytes([number]) * 100)
        hashes.append(store.put(piece))
    used, old, young = hashes
    for sha256 in (used, old):
        os.utime(store.path(sha256), (1000, 1000))
    (tmp_path / "store" / "incoming-dead").write_bytes(b"half a file")
    os.utime(tmp_path / "store" / "incoming-dead", (1000, 1000))

    assert store.sweep_orphans({used}, older_than_epoch_s=2000) == (old,)
    assert store.has(used)
    assert store.has(young)
    assert not (tmp_path / "store" / "incoming-dead").exists()


def test_an_original_is_kept_without_a_second_copy_of_its_bytes(
    tmp_path: Path, source: Path
) -> None:
    store = FolderStore(tmp_path / "originals", ORIGINAL_SUFFIX)
    assert store.adopt(source) == SHA
    assert store.path(SHA).samefile(source)
    assert store.adopt(source) == SHA  # a second name of the same file: rename does nothing then
    assert [path.name for path in (tmp_path / "originals").rglob("*.*")] == [f"{SHA}.original"]
    assert list((tmp_path / "originals").glob("incoming-*")) == []
    source.unlink()
    store.verify(SHA)


def test_an_original_from_another_disk_is_copied(
    tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(_self: Path, _target: Path) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(Path, "hardlink_to", no_link)
    store = FolderStore(tmp_path / "originals", ORIGINAL_SUFFIX)
    assert store.adopt(source) == SHA
    assert not store.path(SHA).samefile(source)
    store.verify(SHA)


def test_an_adopted_file_is_young_however_old_it_was(tmp_path: Path, source: Path) -> None:
    os.utime(source, (1000, 1000))
    store = FolderStore(tmp_path / "originals", ORIGINAL_SUFFIX)
    store.adopt(source)
    assert store.sweep_orphans((), older_than_epoch_s=2000) == ()
