"""Who may do what in the portal, written down a second time on purpose: somebody thinks about each new route."""

from housecall.tenancy.model import Right

EVERYBODY, SETTERS, READERS = Right.use_portal, Right.administer, Right.read_reports
AUDITORS = Right.read_audit
TABLE = {
    "POST /portal/sign-out": EVERYBODY,
    "GET /portal/account": EVERYBODY,
    "POST /portal/account/end-others": EVERYBODY,
    "GET /portal/settings/sign-in": SETTERS,
    "POST /portal/settings/sign-in": SETTERS,
    "GET /portal/settings/sign-in/try": SETTERS,
    "GET /portal/checks": SETTERS,
    "GET /portal/checks/{name}": SETTERS,
    "GET /portal/audit": AUDITORS,
    "GET /portal/audit.csv": AUDITORS,
    "GET /portal/reports/visits": READERS,
    "GET /portal/reports/visits.csv": READERS,
    "GET /api/v1/visits": READERS,
    "GET /portal/setup": SETTERS,
    "GET /portal/setup/connections": SETTERS,
    "POST /portal/setup/connections": SETTERS,
    "GET /portal/setup/connections/{connection_id}": SETTERS,
    "POST /portal/setup/connections/{connection_id}": SETTERS,
    "POST /portal/setup/connections/{connection_id}/keep": SETTERS,
    "POST /portal/setup/connections/{connection_id}/remove": SETTERS,
    "POST /portal/setup/connections/{connection_id}/pause": SETTERS,
    "POST /portal/setup/connections/{connection_id}/resume": SETTERS,
    "POST /portal/setup/connections/{connection_id}/release": SETTERS,
    "POST /portal/setup/connections/{connection_id}/live": SETTERS,
    "POST /portal/setup/connections/{connection_id}/rules": SETTERS,
    "GET /portal/setup/connections/{connection_id}/rules": SETTERS,
    "GET /portal/setup/messages": SETTERS,
    "GET /portal/setup/review": SETTERS,
    "POST /portal/setup/review/{connection_id}/{persona}/test": SETTERS,
    "GET /portal/setup/review/{connection_id}/{persona}/open": SETTERS,
    "GET /portal/write-back": SETTERS,
    "POST /portal/write-back/{visit_id}/replay": SETTERS,
    "GET /api/v1/write-back": SETTERS,
    "POST /api/v1/write-back/{visit_id}/replay": SETTERS,
}
