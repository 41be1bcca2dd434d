"""Sentences of the reference pages that stand nowhere in the code: audit words, commands, options, makes."""

from typing import Final

from housecall.audit.model import Act

AUDIT: Final[dict[Act, str]] = {
    Act.organisation_created: "An organisation was made, by the command line or the demo.",
    Act.organisation_changed: "The organisation's settings were changed; the detail holds each value before and after.",
    Act.connection_drafted: "Somebody began to set a connection up in the portal.",
    Act.connection_dropped: "A draft was removed; a connection that stands never is.",
    Act.connection_declared: "A connection to an EHR stands for the first time, by the command line or the portal; the "
    "detail holds its settings as `after_…`.",
    Act.connection_changed: "A connection was declared again or its settings were saved in the portal; the detail "
    "holds each that changed as `…_before` and `…_after`, of a secret only that it was set.",
    Act.connection_state: "A connection moved: the detail holds the verb, the state before and after; at going live "
    "also `protection`: `relay`, `service`, or `overridden` where no relay worked; without a test launch `reason`.",
    Act.record_tested: "A launch record was tested from the portal; the detail holds whose launch, and the outcome.",
    Act.connection_rules: "What counts as a video visit was changed; the detail holds the rules before and after.",
    Act.connection_budget: "The budget of requests to an EHR was changed; the detail holds it before and after.",
    Act.release_confirmed: "Somebody confirmed that the EHR's release is late enough, where none is published.",
    Act.pilot_switched: "A connection's pilot was begun or ended: in one, live departments alone have visits.",
    Act.department_added: "A department was made; the detail holds what was said of it.",
    Act.department_changed: "A department was changed; the detail holds each setting before and after.",
    Act.department_switched: "A department was switched live, or off again; the detail holds which.",
    Act.department_archived: "A department was archived: it takes no visits any more.",
    Act.meetings_chosen: "Where a connection's visits are held was chosen; the detail holds before and after.",
    Act.meeting_key_changed: "A certificate for a connection's meeting service was made, uploaded or put in use; the "
    "detail holds the thumbprints of both before and after.",
    Act.person_unmapped: "A clinician's id in the directory was forgotten; it is looked up anew.",
    Act.person_mapped: "A clinician was matched with their id in the directory, by hand or by looking them up.",
    Act.consent_given: "A connection was declared with both consents to texts.",
    Act.consent_withdrawn: "A connection that had both consents was declared without one of them.",
    Act.sign_in_changed: "The organisation's sign-in was changed; the detail holds each value before and after.",
    Act.branding_changed: "What patients see of the organisation was changed; the detail holds before and after.",
    Act.administrator_invited: "A one-time address for an administrator was made by the command line.",
    Act.session_ended: "Somebody ended their other sessions in the portal; the detail holds how many.",
    Act.administrator_signed_in: "Somebody signed in to the portal; the detail holds their role.",
    Act.administrator_signed_out: "Somebody signed out of the portal.",
    Act.launch_begun: "A launch came from the EHR, and the browser was sent on to the EHR's sign-in.",
    Act.launch_finished: "A launch came back and is good; who launched is the actor.",
    Act.launch_refused: "A launch came back and was refused; the detail holds the reason's code.",
    Act.colleagues_searched: "A clinician looked for a colleague in the EHR; the detail holds how many were found.",
    Act.details_read: "A clinician's panel read patient, clinician and time from the EHR.",
    Act.colleague_asked: "A colleague was asked to take a visit over or to join it; the detail holds which.",
    Act.colleague_seen: "A colleague took note of being asked.",
    Act.colleague_declined: "A colleague who was asked cannot come.",
    Act.colleague_withdrawn: "A colleague is not asked any more.",
    Act.consult_begun: "A clinician began a visit between colleagues, without a patient.",
    Act.visit_begun_now: "A visit without an appointment was made, for now.",
    Act.visit_taken_over: "A colleague has taken the visit over.",
    Act.visit_found: "A visit was made on an appointment, by the feed or by a launch.",
    Act.visit_moved: "The appointment has another time, and the visit follows it.",
    Act.visit_cancelled: "The appointment is off, and so is the visit; the detail holds the reason.",
    Act.visit_confirmed: "The patient replied C to a text about the visit.",
    Act.visit_opened: "Somebody came within the window, or a visit that had ended was begun again.",
    Act.visit_opened_without_ehr: "A clinician signed in by the organisation's account opened a visit, without names.",
    Act.visit_begun: "Both sides were in the room for the first time.",
    Act.visit_ended: "The visit is over: `ended` by a person, or `empty` since the last one left.",
    Act.visit_no_show: "Nobody began the visit within its window, or the EHR says that nobody came.",
    Act.rules_tried: "Rules for video visits were tried on the EHR's schedule of the day; the detail holds counts.",
    Act.siu_taken: "A message of the HL7 feed counted for an appointment; the detail holds its event.",
    Act.link_opened: "The patient pressed start on the link. Opening the link alone records nothing.",
    Act.lobby_entered: "The patient entered the waiting room.",
    Act.text_me_asked: "A waiting patient asked to be texted when it is their turn, and may leave the page.",
    Act.text_me_dropped: "A waiting patient will not be texted after all.",
    Act.patient_called: "Staff had a patient who waits away from the page texted that it is their turn.",
    Act.arrival_acknowledged: "A clinician took note of the arrival.",
    Act.patient_admitted: "A clinician let the patient in, or took them off hold.",
    Act.patient_declined: "A clinician did not let the patient in.",
    Act.patient_held: "A clinician put the patient on hold, or sent them back to the waiting room.",
    Act.guest_invited: "An interpreter or relative was given a link of their own: role and language.",
    Act.guest_link_shown: "A guest's link was shown once more, to be copied.",
    Act.guest_withdrawn: "A guest's link was taken back; whoever came by it is out.",
    Act.guest_admitted: "An interpreter or relative was let in.",
    Act.guest_declined: "An interpreter or relative was not let in.",
    Act.guest_sent_back: "An interpreter or relative was sent back to the lobby.",
    Act.participant_joined: "Somebody entered the room.",
    Act.participant_left: "Somebody left the waiting room or the room, or was gone for too long.",
    Act.code_made: "Staff had a short code made, to read out or print for a patient.",
    Act.code_used: "A short code was typed in, and led to the patient's link; the subject is the seat.",
    Act.handover_made: "A clinician asked for a one-time address for a window of its own.",
    Act.handover_used: "A one-time address was used up.",
    Act.meeting_made: "A visit's meeting stands with the service that its connection has chosen.",
    Act.meeting_removed: "A visit's meeting with another service is gone.",
    Act.meeting_given_up: "A visit moved to a room of our own; the detail holds why.",
    Act.meeting_entered: "A clinician asked for the way into a visit's meeting with another service.",
    Act.meeting_reported: "Attendance or quality of a visit's meeting was read from the service.",
    Act.write_done: "What is told of a visit stands in the EHR; the detail holds the kind and the number of tries.",
    Act.write_failed: "The EHR refused for good what it was told of a visit; the detail holds the kind and the code.",
    Act.write_replayed: "Links and status of a visit are to be written again, by a person or the command line.",
    Act.summary_filed: "A clinician filed a visit's summary to the chart.",
    Act.numbers_linked: "A connection texts from another number, or from none; the detail holds it before and after.",
    Act.number_requested: "An administrator asked for a phone number, or brought one.",
    Act.number_active: "Texts may leave from a phone number.",
    Act.number_failed: "A phone number could not be had; the detail holds the reason.",
    Act.number_verified: "What the carriers say of a phone number's sender has changed.",
    Act.number_released: "A phone number was given back, or taken off the page.",
    Act.account_changed: "An account with a text provider was set, changed or removed; never its secret.",
    Act.message_planned: "A message was planned, or planned for another time.",
    Act.message_requested: "A person asked for a message: the link by hand, one sent again, a test, HELP.",
    Act.message_sent: "The provider took a text.",
    Act.message_suppressed: "A message will not be sent; the detail holds the reason.",
    Act.message_receipt: "The provider told what became of a text, or refused it.",
    Act.template_changed: "A message's wording was changed or taken back; the detail holds both, fields unfilled.",
    Act.reply_stop: "Somebody replied STOP. The actor is the beginning of a keyed hash.",
    Act.reply_start: "Somebody replied START after a STOP.",
    Act.report_read: "A report was read in the portal or over the machine interface.",
    Act.report_exported: "A report was saved as a file.",
    Act.audit_exported: "The audit log was saved as a file; the detail holds how many entries.",
}

COMMANDS: Final = {
    "admin": (
        "`housecall admin invite` makes an organisation where there is none, and prints one JSON object:"
        " `url`, `organisation`, `expires_at`. The address works once within 24 hours and lets an"
        " administrator in who sets up the sign-in."
    ),
    "check": (
        "Tests the deployment: database, worker, key, public address, live connections, browsers, clock,"
        " relay, EHRs, texts, e-mail, sign-in, Redis. Each failing one says how to mend it. Ends with 0 when"
        " nothing failed, with 1 when something did. Administrators see the same list in the portal under Checks."
    ),
    "serve": "Runs the web and the worker in one process until SIGINT or SIGTERM. Migrates first.",
    "work": "Runs the worker alone. Any number of workers may run on one database.",
    "migrate": "Brings the database to this version's tables, and ends. `serve` and `work` do it as well.",
    "demo": "Runs Housecall and, on the next port, the make-believe hospital. Nothing to configure.",
    "replay": (
        "Has links and status of a connection's visits written to the EHR again, by the workers."
        " Prints how many jobs that makes."
        " See [Writing back to the EHR](../explanation/write-back.md)."
    ),
    "connect": (
        "Declares a connection, or changes the one with the same organisation, address and environment."
        " Prints one JSON object; everything else goes to standard error."
        " See [Connect an EHR with a command](../how-to/connect-with-a-command.md)."
    ),
    "rotate-key": (
        "Makes a new key for signing in at EHRs. It is published at once and signs ten minutes later; the one before"
        " stays published, and is retired by the first rotation a day after it was replaced. Prints one JSON object."
    ),
    "teams": (
        "Microsoft Teams as a connection's meeting service. `teams certificate --out FILE` makes the app's key and"
        " prints its certificate; `teams use --connection ID --tenant ID --client-id ID [--certificate FILE]"
        " [--cloud NAME] [--organiser OBJECT-ID] [--chat limited|enabled|disabled] [--recording]` holds visits found"
        " from now on in Teams (with `--for-departments` only those of departments that choose it), `teams off"
        " --connection ID` in rooms of Housecall's own again; `teams person --connection ID --user ID --object-id ID`"
        " says who a clinician is in the directory; `teams check --connection ID [--organiser OBJECT-ID]` tries every"
        " prerequisite and says how to mend it, with exit code 1"
        " if one is missing. See [Use Teams](../how-to/use-teams.md)."
    ),
    "departments": (
        "A connection's departments, as the portal's page has them; prints JSON. `departments list`; `departments add"
        " --connection ID --name NAME [--location ID…] [--practitioner ID…] [--texts-from NUMBER]"
        " [--texts-backup NUMBER] [--reminder BEFORE…] [--meetings builtin|teams]`; `departments change"
        " --department ID` takes the same, changes what is given, and gives back to the connection what"
        " `--as-connection numbers|reminders|meetings` names; `departments live`, `off` and `archive --department ID`;"
        " `departments pilot --connection ID on|off`: in a pilot live departments alone have visits and messages."
        " `--organisation NAME` where there are several. See"
        " [Go live department by department](../how-to/go-live-by-department.md)."
    ),
    "settings": (
        "An organisation's and a connection's settings, as the portal's pages have them; prints what stands then, as"
        " JSON. `settings organisation [--clinic-name NAME] [--clinic-phone NUMBER] [--time-zone ZONE] [--language"
        " CODE] [--identity-reminder TEXT] [--keep-guest-addresses yes|no]`; `settings branding [--accent COLOUR]"
        " [--logo FILE | --no-logo] [--welcome LANGUAGE=TEXT…] [--closed LANGUAGE=TEXT…]`; `settings connection"
        " --connection ID [--requests-per-minute N] [--lobby-opens MINUTES] [--link-works MINUTES]`; `settings wording"
        " --kind KIND --channel sms|email --language CODE [--department ID] [--body TEXT] [--subject TEXT]"
        " [--as-shipped]`."
        " `--organisation NAME` where there are several."
    ),
    "siu": (
        "Takes in one connection's HL7 v2 schedule messages over MLLP, until SIGINT or SIGTERM. Runs beside `serve`"
        " on the same data. See [Connect an HL7 feed](../how-to/connect-siu.md)."
    ),
}

OPTIONS: Final = {
    "--json": "One JSON object, with `ok` and the list of checks, instead of the table.",
    "--teams": "visits are held in the sandbox's Microsoft Teams",
    "--connection": "the connection's id, as `connect` printed it",
    "--port": "where the interface engine connects to",
    "--host": "the address to listen on; `::` is every IPv4 and IPv6 address",
    "--tls-cert": "our certificate and its chain, in PEM; without it nothing is encrypted",
    "--tls-key": "its private key",
    "--tls-client-ca": "only senders with a certificate of this authority are taken",
    "--zone": "the zone of times without an offset; the connection's when not given",
    "--id-from": "the field that holds the appointment's FHIR id: SCH-2 (filler) or SCH-1 (placer)",
    "--id-strip": "what stands before the FHIR id in that field",
    "--no-confirm": "what is found is reminded but not confirmed, as while the feed is first loaded",
    "--web-only": "leave the worker to `housecall work`",
    "--base-url": "the FHIR R4 base URL",
    "--environment": "what the connection is for; a test connection works at once",
    "--client-id": "our client id for the clinician's launch",
    "--client-secret": "our secret: a confidential client, symmetric",
    "--jwks": "authenticate with our published keys: a confidential client, asymmetric",
    "--system-client-id": "our client id for reading appointments and people without a launch",
    "--system-client-secret": "its secret",
    "--patient-base-url": "the FHIR base URL of the patient portal's launches, where it is another",
    "--patient-client-id": "our client id for the patient's launch, where it is another",
    "--patient-client-secret": "its secret; without one it signs with our keys if the clinicians' client does",
    "--vendor": "the EHR's habits; detected when not given",
    "--organisation": "made if missing",
    "--location": "whose appointments the feed reads",
    "--practitioner": "whose appointments the feed reads",
    "--virtual": "what counts as a video visit",
    "--texts-from": "the number that texts leave from",
    "--texts-to": "whom a test connection may write to, by number or address; `any` is everybody",
    "--channels": "what carries messages to patients; stays when not given",
    "--reminder": "when reminders leave before the visit; none at all with no value, stays when not given",
    "--quiet-hours": "no message leaves then, by the clock where the patient is; stays when not given",
    "--consent-send": "the organisation consents to texts being sent",
    "--consent-attendees": "the organisation has the attendees' consent",
    "--confirm-existing": "confirm by text what was booked before the first poll, too",
    "--time-zone": "the clinic's, where the EHR gives none",
    "--phone-region": "the country of numbers written without a code",
    "--frame-ancestor": "who may frame the panel besides the base URL's own origin; name the port",
    "--write-back": "what we write to appointments by ourselves; nothing when not given",
    "--visit": "this visit only, also one that is over",
    "--clinic-name": "what patients read in texts and on pages; stays when not given",
    "--clinic-phone": "whom patients call when something does not work; stays when not given",
    "--identity-reminder": "what the panel says beside the admit button; nothing with `''`, stays when not given",
    "--keep-guest-addresses": (
        "where interpreters and relatives were written to is kept, sealed, until their visit is over, so that they "
        "are told of changes; off at first, stays when not given"
    ),
    "--algorithm": "the new key's; the same as before when not given",
    "--mpages": "Housecall is opened as an MPages component, which has rules of its own for framing",
    "--requests-per-minute": "what feed, texts and write-back may ask together; 2400 at first, stays when not given",
    "--confirm-release": "the EHR's release is late enough, says whoever types this; the audit log keeps it",
    "--go-live": "switches a production connection on; without a test launch before, the audit log says so",
    "--without-relay": "goes live though no relay works: people in a call learn each other's network address; recorded",
}

MAKES: Final = {
    "setup": "Makes the virtual environment, installs the packages, builds the browser client.",
    "demo": "`setup`, then the demo. `PORT=8000` and `DATA=.data` may be set; listens on `PORT` and `PORT+1`.",
    "test": "Everything: `lint` and `unit`, after `browsers`.",
    "lint": "Style and types, Python and TypeScript.",
    "unit": "All tests, the stories in real browsers among them.",
    "stories": "The stories in real browsers only.",
    "canary": "Plays with planted people and sweeps every place they could leak to; `QUICK=1` plays one visit.",
    "screenshots": "Makes a picture of every page in `screenshots/`.",
    "browsers": "`setup`, and what the tests drive: two browsers, fonts, Redis, coturn (Debian packages, as root).",
    "clean": "Removes the environment, the built client and the stamps; data stays.",
}

# One for each module of benchmarks/ that can be run.
BENCHES: Final = {
    "join": "from pressing start to the waiting room, on a throttled phone, and the bytes of the pages",
    "admit": "from pressing admit to the first picture, through a relay and without, against a bare pair",
    "arrival": "from entering the waiting room to the panel, with thousands waiting",
    "reminders": "messages a second through a counting gateway, and with killed workers",
    "launch": "our own time in a launch",
    "start": "from a cold start to ready",
    "report": "the report pages over large tables",
    "worklist": "the list of the day with a thousand visits, scrolled and kept up to date, against a bare list",
}

ABOUT_SETTINGS: Final = """\
Settings are environment variables, read once at the start. One left empty counts as not set. A name that begins
with `HOUSECALL_` and is not in this table stops the start, so that a slip does not go unseen. True is `true`,
`yes`, `on` or `1`."""

BESIDES_SETTINGS: Final = """\
Besides: the usual `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` are obeyed for calls that leave, and
`SANDBOX_GATEWAY_SECRET` hands the demo's sandbox its secret."""

ABOUT_ERRORS: Final = """\
A code is for programs and never changes. The sentence is for people, holds nothing about anybody, and may be
said more exactly where it is raised. Programs get `{"code", "sentence"}`; people get a page with the sentence,
the code and what to do next."""

ABOUT_CLOSING: Final = """\
`busy` is answered with `Retry-After`. On a socket an error is told and the socket stays, unless it has a code
to close with; the [socket protocol](socket-protocol.md) says what the page does then."""

ABOUT_AUDIT: Final = """\
Every act is written in the transaction that does it: when, which act, who (kind of actor and an opaque
reference), about what, and a detail of opaque values. Within a second or so a worker chains each entry to the
one before it in its organisation by SHA-256, so that an entry that was changed or taken out shows
(`audit/service.py:find_break`). A word is never renamed. A value
that changed stands in the detail twice, as `…_before` and `…_after`. `/portal/audit` shows the log, and exports it."""

ABOUT_ACTORS: Final = """\
Actors: `clinician` (EHR user id), `patient` and `guest` (participant id),
`administrator` (our id for issuer and subject),
`operator` (the command line), `system` (which job)."""

ABOUT_STATES: Final = """\
States are tables, and a move that is not in the table is refused by name. The words on the arrows are the verbs
of the code."""

ABOUT_MAKE: Final = """\
Every target sets up what it needs. `PYTHON=` names another Python (3.11 or later). A benchmark prints one JSON
object as its last line."""

ABOUT_COMMANDS: Final = """\
After `make setup` it is `.venv/bin/housecall`; `python -m housecall.commands` is the same. A fault we foresaw
is one sentence with its [code](errors.md) on standard error, and exit code 1; Ctrl-C is 130. Everything else is
said by [settings](settings.md). Logs are JSON lines on standard error."""

ABOUT_MESSAGES: Final = """\
How a message moves stands in [States](states.md); how none is lost or sent twice, in
[Messages](../explanation/messages.md). The only channel that is built is the text (`sms`)."""

ABOUT_KINDS: Final = """\
`confirmation` leaves once, `reminder` {reminders} minutes before the start, `changed` when a visit
moves, `cancelled` when it is off, `link` when a clinician sends it by hand, `help` in answer to HELP. `ready`
is not sent yet. `cancelled` and `help` end with a call line where the clinic has a number."""

GATEWAY: Final = """\
With `HOUSECALL_SMS_GATEWAY_URL` set, each text is one `POST` of `{"reference", "from", "to", "body"}`. Any 2xx
answer with `{"id"}` takes it. `reference` is our own id and the key against doubles: asked with the same one
again, the gateway answers the same id and sends nothing. `GET <gateway>?reference=…` answers 200 with `{"id",
"status"}`, or 404 for one it never had. A 4xx is a refusal for good, its reason in `code`, `reason` or `error`.
429 is waited for, `Retry-After` obeyed. After 408, 5xx or no answer the gateway is asked by the reference
first.

Receipts and replies come to `POST /hooks/gateway`, signed: `X-Signature` is the HMAC-SHA256 of the body in hex
under `HOUSECALL_SMS_GATEWAY_SECRET`. They are answered 202 once they are in the queue.

```json
{"type": "receipt", "id": "…", "reference": "…", "status": "delivered", "reason": null, "at": "2026-11-24T15:01:10Z"}
{"type": "reply", "id": "…", "from": "+1…", "to": "+1…", "body": "STOP", "at": "2026-11-24T15:01:10Z"}
```"""

ABOUT_ROLES: Final = (
    "Roles are given out by the organisation's own provider; [rules](../how-to/set-up-sign-in.md) say which claim gives"
    " which. Somebody may have several: one of them is enough. Whoever lacks the role is told which one is needed. An"
    " act (`POST`) must come from our own page. The same table is behind guards, navigation and this page"
    " (`tenancy/model.py:ROLES_WITH`)."
)
