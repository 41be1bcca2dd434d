"""The live connections by audience: each has one door, and each door one guard."""

from typing import Final

from starlette.routing import WebSocketRoute

from housecall.realtime.messages import parse_patient, parse_staff
from housecall.web.sockets_door import Door
from housecall.web.sockets_patient import enter_seat
from housecall.web.sockets_staff import enter_panel
from housecall.web.sockets_worklist import enter_today, enter_worklist

routes: Final = [
    WebSocketRoute("/seat/{seat_id}/socket", Door(enter_seat, parse_patient), name="patient-socket"),
    # Before the launches', which would take "today" for one of theirs.
    WebSocketRoute("/panel/today/socket", Door(enter_today, parse_staff), name="today-socket"),
    WebSocketRoute(
        "/panel/{launch_id}/today/socket", Door(enter_worklist, parse_staff), name="worklist-socket"
    ),
    WebSocketRoute("/panel/{launch_id}/socket", Door(enter_panel, parse_staff), name="staff-socket"),
]
