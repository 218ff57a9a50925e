"""Where stations and people find this centre: addresses as the settings and the last start say."""

from __future__ import annotations

from controller.link.broker_access import broker_folder, new_client_id
from controller.services.enrolment import Reach
from controller.settings import Settings, SettingsError


def reach_of(settings: Settings, station_id: str) -> Reach:
    """What a station's configuration says of the centre. SettingsError when it is not known."""
    host, port = broker_address(settings)
    return Reach(host, port, new_client_id(station_id), web_address(settings))


def broker_address(settings: Settings) -> tuple[str, int]:
    """Host and port stations connect to. SettingsError when they cannot be known."""
    broker = settings.broker
    host = broker.external_host or broker.host
    if host in {"0.0.0.0", "::"}:  # noqa: S104 - compared, not bound
        raise SettingsError("the broker listens everywhere: name it in broker.external_host")
    if broker.port:
        return host, broker.port
    kept = broker_folder(settings) / "port"
    if broker.mode != "bundled" or not kept.is_file():
        raise SettingsError("the broker's port is not chosen yet: run `vang-controller serve` once")
    return host, int(kept.read_text(encoding="ascii"))


def web_address(settings: Settings) -> str:
    """Where people reach the screens."""
    if settings.web.external_url:
        return settings.web.external_url.rstrip("/")
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.web.host, settings.web.host)  # noqa: S104
    host = f"[{host}]" if ":" in host else host
    return f"{settings.web_scheme}://{host}:{settings.web.port or kept_port(settings)}"


def kept_port(settings: Settings) -> int:
    """The port that was free at an earlier start; 0: none was chosen yet."""
    try:
        return int((settings.folder / "web_port").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0
