"""What can go wrong in a station agent, each with a stable code."""

from __future__ import annotations

from typing import ClassVar


class StationAgentError(Exception):
    """Anything the agent raises itself; `code` is stable and documented."""

    code: ClassVar[str] = "station_agent_error"


class StorageFullError(StationAgentError):
    """The disk is full, even without the ballast."""

    code = "disk_full"


class StorageReadOnlyError(StationAgentError):
    """The disk does not take writes any more."""

    code = "storage_readonly"


class FolderInUseError(StationAgentError):
    """Another agent runs on the same store."""

    code = "folder_in_use"


class AgentNotRunningError(StationAgentError):
    """No agent answers at this station's socket, or this user may not ask it."""

    code = "agent_not_running"


class AgentSilentError(StationAgentError):
    """The agent runs, but its main loop gave no answer in time."""

    code = "agent_silent"
