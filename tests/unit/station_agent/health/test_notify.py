"""The service manager hears that the station is ready and lives, as often as it needs, no more."""

from __future__ import annotations

from pathlib import Path

from station_agent.health.notify import ServiceNotifier
from station_agent.health.watchdog import Watchdog
from tests.support.service_manager import ServiceManager


def test_the_loop_itself_is_what_the_watchdog_hears() -> None:
    now = [100.0]
    with ServiceManager(watchdog_s=30) as manager:
        notifier = ServiceNotifier.from_environment(manager.environment, monotonic=lambda: now[0])
        watchdog = Watchdog(monotonic=lambda: now[0], abort=lambda: None, notifier=notifier)
        watchdog.start()
        assert manager.heard() == ["READY=1"]
        for _ in range(60):
            now[0] += 0.5
            watchdog.tick()
        assert manager.heard().count("WATCHDOG=1") == 4
        now[0] += 100
        assert manager.heard().count("WATCHDOG=1") == 4
        watchdog.close()
        assert manager.heard()[-1] == "STOPPING=1"


def test_without_a_service_manager_nothing_is_said_and_nothing_fails() -> None:
    notifier = ServiceNotifier.from_environment({})
    notifier.ready()
    notifier.alive()
    notifier.stopping()


def test_a_manager_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    notifier = ServiceNotifier.from_environment({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    notifier.ready()


def test_a_watchdog_meant_for_another_process_is_not_fed() -> None:
    with ServiceManager(watchdog_s=30) as manager:
        told = manager.environment | {"WATCHDOG_PID": "1"}
        ServiceNotifier.from_environment(told).alive()
        assert manager.heard() == []
