from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.memory import peak_of_tree
from tests.support.sound import run_ffmpeg, speech_like, write_sound

_MIB = 1 << 20


@pytest.mark.soak
def test_memory_does_not_grow_with_the_length(tmp_path: Path) -> None:
    short = write_sound(tmp_path / "short.mp3", speech_like(20))
    long = tmp_path / "long.mp3"
    run_ffmpeg("-stream_loop", "29", "-i", str(short), "-c", "copy", str(long))
    small, large = peak_of_tree(short, tmp_path), peak_of_tree(long, tmp_path)
    assert large <= 1.2 * small + 8 * _MIB
    assert large <= 250 * _MIB
