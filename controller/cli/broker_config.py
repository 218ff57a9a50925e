"""`vang-controller broker-config`: the files of a broker that is not ours to run."""

from __future__ import annotations

import argparse

from controller import wiring
from controller.cli.console import say
from controller.link.broker import check_listener
from controller.link.mosquitto import MosquittoConfig, write_files
from controller.services.machine_secrets import BrokerUser, bcrypt_hash, pbkdf2_hash
from controller.settings import Settings, SettingsError


def run(args: argparse.Namespace, settings: Settings) -> int:
    """Write configuration, passwords and permissions of the stations as they are now."""
    secret = settings.broker.password
    if not secret:
        raise SettingsError(
            "the centre needs a password at an outside broker: set broker.password "
            "(VANG_BROKER_PASSWORD_FILE)"
        )
    has_tls = bool(settings.broker.tls_cert)
    check_listener(
        "Mosquitto", args.listen, has_tls=has_tls, allow_plaintext=settings.allow_plaintext
    )
    controller = wiring.build(settings)
    try:
        users = controller.services.stations.broker_users()
    finally:
        controller.stop()
    name = settings.broker.user
    written = write_files(
        MosquittoConfig(
            folder=args.folder,
            host=args.listen,
            port=settings.broker.port or (8883 if has_tls else 1883),
            controller=BrokerUser(name, bcrypt_hash(secret), pbkdf2_hash(secret), ()),
            users=users,
            tls_cert=settings.broker.tls_cert,
            tls_key=settings.broker.tls_key,
        )
    )
    say(
        *(f"written: {path}" for path in written),
        f"{len(users)} stations. Give the folder to the user Mosquitto runs as, start it with",
        f"`mosquitto -c {written[0]}`, and write the files again and send it SIGHUP after each",
        "station-config. broker.log_file lets the centre show what it refuses.",
    )
    return 0
