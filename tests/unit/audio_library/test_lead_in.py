from __future__ import annotations

import numpy as np

from audio_library import lead_in
from audio_library.idents import bells


def chime() -> np.ndarray:
    return np.frombuffer(lead_in.chime_pcm(), dtype="<i2")


def test_the_chime_has_its_announced_length_and_a_pause_after_it() -> None:
    assert len(chime()) == 48 * lead_in.LEAD_IN_MS
    assert not chime()[-48 * lead_in.PAUSE_MS :].any()
    assert not chime()[: 48 * lead_in.PAD_MS].any()


def test_the_chime_is_the_same_on_every_machine() -> None:
    assert np.array_equal(bells.three_bells(), bells.three_bells())
    assert np.abs(bells.three_bells()).max() == 16384


def test_the_chime_does_not_clip_and_lies_where_a_horn_sounds() -> None:
    spectrum = np.abs(np.fft.rfft(chime().astype(float))) ** 2
    hertz = np.fft.rfftfreq(len(chime()), 1 / 48_000)
    inside = spectrum[(hertz > 300) & (hertz < 6000)].sum()
    assert inside / spectrum.sum() > 0.98
    assert np.abs(chime()).max() < 32767 * 0.75


def test_the_chime_fades_out_without_a_click() -> None:
    end = 48 * (lead_in.LEAD_IN_MS - lead_in.PAUSE_MS)
    assert np.abs(chime()[end - 48 : end]).max() < 200
