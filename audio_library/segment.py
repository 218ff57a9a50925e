"""pydub's AudioSegment, imported without the warnings it gives of itself."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    # pydub 0.25.1 imports audioop (deprecated in 3.11), has invalid escapes in its patterns, and
    # looks for an ffmpeg on the PATH that we never let it use.
    warnings.simplefilter("ignore", DeprecationWarning)
    warnings.simplefilter("ignore", SyntaxWarning)
    warnings.simplefilter("ignore", RuntimeWarning)
    from pydub import AudioSegment

__all__ = ["AudioSegment"]
