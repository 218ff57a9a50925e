"""The configuration a command was given."""

from __future__ import annotations

import os
from pathlib import Path

from station_agent.settings import AgentSettings, BadSettingError, SettingsError, load


def read(path: Path) -> AgentSettings:
    """The settings of this file and the environment; SettingsError."""
    try:
        return load(path, os.environ)
    except BadSettingError as error:
        raise SettingsError(str(error)) from error
