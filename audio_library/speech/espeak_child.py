"""A program of its own: speaks standard input with espeak-ng's library into a WAV file.

    python -I -S espeak_child.py LIBRARY DATA VOICE WORDS_PER_MINUTE OUT

The library is GPL and is loaded here and nowhere else; this file therefore imports only what comes
with Python, and nothing of ours imports it.
"""

from __future__ import annotations

import ctypes
import sys
import wave

_SYNCHRONOUS = 2
"""espeak_AUDIO_OUTPUT of speak_lib.h: the samples come by callback while espeak_Synth runs."""
_DO_NOT_EXIT = 0x8000
_RATE = 1
_FROM_A_CHARACTER = 1
_UTF8 = 1
_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
)


def speak(library: str, data: str, voice: str, words_per_minute: int, out: str) -> None:
    """Write what is spoken to `out`; SystemExit with a sentence when that cannot be done."""
    espeak = ctypes.CDLL(library)
    rate_hz = espeak.espeak_Initialize(_SYNCHRONOUS, 0, data.encode(), _DO_NOT_EXIT)
    if rate_hz <= 0:
        raise SystemExit(f"no espeak-ng data in {data}")
    if espeak.espeak_SetVoiceByName(voice.encode()) != 0:
        raise SystemExit(f"no voice {voice}")
    espeak.espeak_SetParameter(_RATE, words_per_minute, 0)
    text = sys.stdin.buffer.read()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate_hz)

        def write(samples: ctypes._Pointer[ctypes.c_short], count: int, _events: int) -> int:
            if count > 0:
                file.writeframes(ctypes.string_at(samples, 2 * count))
            return 0

        callback = _Callback(write)
        espeak.espeak_SetSynthCallback(callback)
        size = ctypes.c_size_t(len(text) + 1)
        failed = espeak.espeak_Synth(text, size, 0, _FROM_A_CHARACTER, 0, _UTF8, None, None)
        if failed or espeak.espeak_Synchronize():
            raise SystemExit(f"espeak-ng failed with {failed}")


if __name__ == "__main__":
    library, data, voice, words_per_minute, out = sys.argv[1:]
    speak(library, data, voice, int(words_per_minute), out)
