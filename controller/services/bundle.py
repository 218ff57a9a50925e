"""Every deed of the centre in one place, as the web and the jobs are given them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audio_library.store import AssetStore
    from controller.services.accounts import Accounts
    from controller.services.alarms import Alarms
    from controller.services.approvals import ApprovalQueue
    from controller.services.as_run import AsRun
    from controller.services.audit import AuditTrail
    from controller.services.audit_chain import AuditChain
    from controller.services.board import Board
    from controller.services.bulletin_uses import BulletinUses
    from controller.services.bulletins import Bulletins
    from controller.services.calendar import Calendar
    from controller.services.cap_inbox import CapInbox
    from controller.services.comments import Comments
    from controller.services.contacts import Contacts
    from controller.services.cuts import Cuts
    from controller.services.day_figures import DayBook
    from controller.services.deliveries import Deliveries
    from controller.services.drafts import Drafts
    from controller.services.emergencies import DrillDesk, EmergencyDesk
    from controller.services.enrolment import Enrolment
    from controller.services.equipment import Equipment
    from controller.services.fault_reports import FaultDesk
    from controller.services.figures import Figures
    from controller.services.filing import FilingDesk
    from controller.services.headlines import Headlines
    from controller.services.holidays import Holidays
    from controller.services.hours import Hours
    from controller.services.library import Library
    from controller.services.listening_checks import ListeningChecks
    from controller.services.maintenance import Maintenance
    from controller.services.notice_choices import NoticeChoices
    from controller.services.notices import Notices
    from controller.services.offers import Offers
    from controller.services.orders import Orders
    from controller.services.place_rules import PlaceRules
    from controller.services.places import Places
    from controller.services.plans import Plans
    from controller.services.pole_codes import PoleCodes
    from controller.services.pole_pages import PolePages
    from controller.services.priority_orders import PriorityOrders
    from controller.services.programmes import Programmes
    from controller.services.readings import Readings
    from controller.services.repairs import Repairs
    from controller.services.reports import Reports
    from controller.services.retention import Retention
    from controller.services.schedule_templates import ScheduleTemplates
    from controller.services.schedules import Schedules
    from controller.services.sharing import Sharing
    from controller.services.slot_pages import SlotPages
    from controller.services.sound_keeping import SoundKeeping
    from controller.services.speaker_clusters import SpeakerClusters
    from controller.services.speech import Speech
    from controller.services.station_days import StationDays
    from controller.services.station_desk import StationDesk
    from controller.services.station_list import StationList
    from controller.services.station_page import StationPages
    from controller.services.stations import Stations
    from controller.services.timeliness import TimelinessBook
    from controller.services.today import Today
    from controller.services.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Services:
    """One object per noun; built by the wiring, never by a view."""

    accounts: Accounts
    tokens: Tokens
    audit: AuditTrail
    audit_chain: AuditChain
    places: Places
    bulletins: Bulletins
    approvals: ApprovalQueue
    comments: Comments
    cuts: Cuts
    library: Library
    uses: BulletinUses
    timeliness: TimelinessBook
    drafts: Drafts
    sound_keeping: SoundKeeping
    retention: Retention
    filing: FilingDesk
    sharing: Sharing
    programmes: Programmes
    readings: Readings
    speech: Speech
    schedules: Schedules
    offers: Offers
    priority_orders: PriorityOrders
    calendar: Calendar
    hours: Hours
    place_rules: PlaceRules
    schedule_templates: ScheduleTemplates
    holidays: Holidays
    plans: Plans
    orders: Orders
    emergencies: EmergencyDesk
    drills: DrillDesk
    cap: CapInbox
    stations: Stations
    slot_pages: SlotPages
    station_list: StationList
    station_desk: StationDesk
    contacts: Contacts
    maintenance: Maintenance
    day_book: DayBook
    figures: Figures
    headlines: Headlines
    listening_checks: ListeningChecks
    reports: Reports
    station_days: StationDays
    enrolment: Enrolment
    faults: FaultDesk
    repairs: Repairs
    equipment: Equipment
    pole_codes: PoleCodes
    speaker_clusters: SpeakerClusters
    pole_pages: PolePages
    as_run: AsRun
    today: Today
    notices: Notices
    alarms: Alarms
    notice_choices: NoticeChoices
    deliveries: Deliveries
    board: Board
    station_pages: StationPages
    sounds: AssetStore
