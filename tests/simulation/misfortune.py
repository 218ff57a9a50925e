"""What goes wrong, carried out: each kind of fault is one short method."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from station_agent.core import events as ev
from tests.simulation.network import CALM, Weather
from tests.simulation.scenario import Fault
from tests.simulation.timeline import DAY, HOUR, MINUTE, SECOND, spelled

if TYPE_CHECKING:
    from tests.simulation.station import SimStation
    from tests.simulation.world import World

STEPS_MS = (
    HOUR,
    -HOUR,
    DAY,
    -DAY,
    3 * SECOND,
    -3 * SECOND,
    40 * SECOND,
    -40 * SECOND,
    4 * MINUTE,
    -4 * MINUTE,
    1500,
)

DEATHS = ("now", "among effects", "at start", "at order")
SMALL_ERROR_MS = 200


class Misfortune:
    """Strikes where the scenario says."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self._world = world
        self._dice = dice
        self._cuts: dict[str, int] = {}
        self._storms = 0

    def strike(self, fault: Fault) -> None:
        """Let one fault happen now."""
        world = self._world
        world.note(fault.station_id or "everywhere", f"FAULT {fault.kind} {spelled(fault.for_ms)}")
        if fault.station_id:
            world.watch.changed(fault.station_id)
            station = world.stations[fault.station_id]
            getattr(self, f"_{fault.kind}")(fault, station)
        else:
            for name in world.stations:
                world.watch.changed(name)
            getattr(self, f"_{fault.kind}")(fault)

    # --- the way between --------------------------------------------------------------------------

    def _link_cut(self, fault: Fault, station: SimStation) -> None:
        self._cut(fault, station, half_open=False)

    def _half_open(self, fault: Fault, station: SimStation) -> None:
        self._cut(fault, station, half_open=True)

    def _cut(self, fault: Fault, station: SimStation, *, half_open: bool) -> None:
        name = station.station_id
        self._cuts[name] = self._cuts.get(name, 0) + 1
        self._world.network.cut(name, half_open=half_open)
        self._world.at(fault.for_ms, lambda: self._mend(name))

    def _mend(self, name: str) -> None:
        self._cuts[name] -= 1
        if self._cuts[name] == 0:
            self._world.network.mend(name)
            self._world.watch.changed(name)

    def _bad_network(self, fault: Fault) -> None:
        self._storms += 1
        self._world.watch.is_stormy = True
        strength = 0.3 + fault.size
        self._world.network.weather = Weather(0.1 * strength, 0.2 * strength, 0.1 * strength)
        self._world.at(fault.for_ms, self._storm_ends)

    def _storm_ends(self) -> None:
        self._storms -= 1
        if self._storms == 0:
            self._world.network.weather = CALM
            for name in self._world.stations:
                self._world.watch.changed(name)

    def _broker_restarted(self, fault: Fault) -> None:
        self._world.network.restart_broker(fault.for_ms)

    def _replayed(self, fault: Fault, station: SimStation) -> None:
        """Somebody sends again what was sent hours or days ago."""
        taped = [one for one in self._world.taped if one[0] == station.station_id]
        if taped:
            _, parcel = taped[int(fault.size * len(taped))]
            station.receive(parcel)

    # --- the centre -------------------------------------------------------------------------------

    def _centre_down(self, fault: Fault) -> None:
        if self._world.centre.is_up:
            self._world.centre.is_up = False
            self._world.at(fault.for_ms, self._centre_returns)

    def _centre_returns(self) -> None:
        self._world.centre.begin()
        for name in self._world.stations:
            self._world.watch.changed(name)

    def _backup_restored(self, fault: Fault) -> None:
        """An older database, a restarted centre, and with it the bundled broker."""
        if self._world.centre.is_up and self._world.centre.restore(fault.for_ms):
            self._world.network.restart_broker(5 * SECOND)

    # --- power and process ------------------------------------------------------------------------

    def _power_cut(self, fault: Fault, station: SimStation) -> None:
        self._end(fault, station, power=True)

    def _killed(self, fault: Fault, station: SimStation) -> None:
        self._end(fault, station, power=False)

    def _end(self, fault: Fault, station: SimStation, *, power: bool) -> None:
        """A quarter each: now, among the coming effects, around the next start, the next order."""
        station.doom(
            DEATHS[int(fault.size * len(DEATHS))],
            off_ms=max(SECOND, fault.for_ms),
            power=power,
            in_effects=1 + int(fault.size * 300) % 40,
        )

    def _stopped(self, fault: Fault, station: SimStation) -> None:
        station.end_in_order(max(SECOND, fault.for_ms))

    # --- the machine ------------------------------------------------------------------------------

    def _clock_step(self, fault: Fault, station: SimStation) -> None:
        step_ms = STEPS_MS[int(fault.size * 1000) % len(STEPS_MS)]
        station.trouble_ms = self._world.now_ms()
        self._world.ledger.stepped[station.station_id] = None
        station.clock.step(self._world.now_ms(), step_ms)
        # The shell's own tick sees it within 2.5 seconds.
        self._world.at(1 + int(fault.size * 2_400), lambda: station.tell(ev.Woke()))
        self._world.at(fault.for_ms, lambda: self._set_right(station))

    def _set_right(self, station: SimStation) -> None:
        now_ms = self._world.now_ms()
        is_step = abs(station.clock.error_ms(now_ms)) > SMALL_ERROR_MS
        if is_step:
            station.trouble_ms = now_ms
        station.clock.synchronise(now_ms, self._dice.randrange(-30, 30))
        look = (lambda: station.tell(ev.Woke())) if is_step else station.plan_wake
        self._world.at(1_000, look)

    def network_time(self) -> None:
        """Each hour, and after boot, the network sets the clocks it reaches."""
        for station in self._world.stations.values():
            line = self._world.network.lines[station.station_id]
            if station.nature.has_network_time and line.is_good and station.is_running:
                self._set_right(station)

    def _disk_full(self, fault: Fault, station: SimStation) -> None:
        self._refuse(fault, station, ev.StorageProblem.DISK_FULL)

    def _disk_readonly(self, fault: Fault, station: SimStation) -> None:
        self._refuse(fault, station, ev.StorageProblem.READONLY)

    def _refuse(self, fault: Fault, station: SimStation, problem: ev.StorageProblem) -> None:
        station.disk.problem = problem
        self._world.at(fault.for_ms, lambda: self._accept(station))

    def _accept(self, station: SimStation) -> None:
        station.disk.problem = None
        station.trouble_ms = self._world.now_ms()
        self._world.watch.changed(station.station_id)

    def _file_damaged(self, fault: Fault, station: SimStation) -> None:
        files = sorted(station.disk.files)
        if files:
            station.disk.damaged.add(files[int(fault.size * len(files))])

    # --- sound ------------------------------------------------------------------------------------

    def _device_lost(self, fault: Fault, station: SimStation) -> None:
        station.has_device = False
        station.trouble_ms = self._world.now_ms()
        if station.is_running:
            for event in station.player.lose_device():
                station.tell(event)
        self._world.at(fault.for_ms, lambda: self._device_back(station))

    def _device_back(self, station: SimStation) -> None:
        station.has_device = True
        station.trouble_ms = self._world.now_ms()
        if station.is_running:
            for event in station.player.regain_device():
                station.tell(event)

    def _player_hangs(self, fault: Fault, station: SimStation) -> None:
        if station.is_running:
            if fault.size < 0.5:
                station.player.hang_next = True
            else:
                station.player.stick_next = True

    def _stop_pressed(self, fault: Fault, station: SimStation) -> None:
        """Somebody at the station ends whatever sounds next."""
        station.press_at_next_sound(fault.for_ms)

    def _player_dies(self, fault: Fault, station: SimStation) -> None:
        if station.is_running:
            station.player.die_next = True
