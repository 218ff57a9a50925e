"""Every blueprint of the screens and machine routes, in one list."""

from __future__ import annotations

from flask import Blueprint

from controller.web import (
    approvals,
    audit,
    auth,
    board,
    bulletins,
    commune,
    copies,
    emergencies,
    hours,
    moves,
    notices,
    offers,
    place_rules,
    probes,
    programmes,
    readings,
    schedules,
    sound,
    station_care,
    station_desk,
    stations,
    today,
    tokens,
    users,
)
from controller.web.api_v1 import routes

ALL: tuple[Blueprint, ...] = (
    auth.bp,
    tokens.bp,
    users.bp,
    today.bp,
    commune.bp,
    board.bp,
    stations.bp,
    station_desk.bp,
    station_care.bp,
    bulletins.bp,
    approvals.bp,
    schedules.bp,
    offers.bp,
    moves.bp,
    copies.bp,
    hours.bp,
    place_rules.bp,
    programmes.bp,
    emergencies.emergencies_bp,
    emergencies.drills_bp,
    readings.bp,
    notices.bp,
    audit.bp,
    probes.bp,
    sound.bp,
    routes.bp,
)
