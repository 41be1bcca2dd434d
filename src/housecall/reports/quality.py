"""The call quality report: how each visit's streams were, with what the rules say of them.

So far only services measure that hold meetings elsewhere; rooms of our own have no rows here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from housecall.audit.model import Act, By
from housecall.audit.service import record
from housecall.db.work import Work
from housecall.kit.ids import OrgId
from housecall.meetings import quality as rules
from housecall.meetings.base import MediaKind, Side
from housecall.meetings.quality import Verdict
from housecall.reports.model import Window

# The page's visits are chosen before their streams, so that a page never ends in the middle of one.
_STREAMS: Final = """
    WITH measured AS (
        SELECT visit.id, visit.appointment_ref, visit.starts_at, bool_or(stream_measure.verdict = 'poor') AS is_poor
        FROM visit JOIN connection ON connection.id = visit.connection_id
        JOIN stream_measure ON stream_measure.visit_id = visit.id AND stream_measure.org_id = visit.org_id
        WHERE visit.org_id = :org_id AND connection.environment = :environment
          AND visit.starts_at >= :since AND visit.starts_at < :until
        GROUP BY visit.id
    ), page AS (
        SELECT * FROM measured
        WHERE CAST(:before AS timestamptz) IS NULL OR (starts_at, id) < (:before, :before_id)
        ORDER BY starts_at DESC, id DESC
        LIMIT :most
    )
    SELECT page.appointment_ref, page.starts_at, stream_measure.*,
           (SELECT count(*) FROM measured) AS measured,
           (SELECT count(*) FROM measured WHERE is_poor) AS poor
    FROM page JOIN stream_measure ON stream_measure.visit_id = page.id
    ORDER BY page.starts_at DESC, page.id DESC, stream_measure.side, stream_measure.kind
"""


@dataclass(frozen=True)
class StreamRow:
    """One side's audio, video or screen in one visit, on average; None where nothing was measured."""

    visit: str
    appointment: str
    planned_at: datetime
    side: Side
    kind: MediaKind
    verdict: Verdict
    # In the order of ``MEASURES``.
    measured: tuple[float | None, ...]


@dataclass(frozen=True)
class Measure:
    """One column: what is measured, in which unit, and what still counts as good."""

    name: str
    title: str
    limit: str = ""


MEASURES: Final = (
    Measure("rtt_ms", "Round trip (ms)", f"sound at most {rules.MOST_RTT_MS:g}"),
    Measure("jitter_ms", "Jitter (ms)", f"sound at most {rules.MOST_JITTER_MS:g}"),
    Measure("loss_pct", "Loss (%)", f"sound at most {rules.MOST_LOSS_PCT:g}"),
    Measure("degradation_mos", "Degradation (MOS)", f"sound at most {rules.MOST_DEGRADATION_MOS:g}"),
    Measure("concealed_pct", "Concealed (%)", f"sound at most {rules.MOST_CONCEALED_PCT:g}"),
    Measure("frame_loss_pct", "Frames lost (%)", f"picture at most {rules.MOST_FRAME_LOSS_PCT:g}"),
    Measure(
        "frames_per_s",
        "Frames a second",
        f"picture at least {rules.FEWEST_FRAMES_PER_S:g}, screen {rules.FEWEST_FRAMES_SCREEN:g}",
    ),
    Measure(
        "loss_after_repair_pct",
        "Loss after repair (%)",
        f"picture at most {rules.MOST_LOSS_AFTER_REPAIR_PCT:g}",
    ),
    Measure("freeze_ms", "Freeze (ms)"),
    Measure("bitrate_kbps", "Bit rate (kbit/s)"),
)
SIDES: Final = {Side.staff: "Clinician", Side.guest: "Patient"}
KINDS: Final = {MediaKind.audio: "Sound", MediaKind.video: "Picture", MediaKind.screen: "Shared screen"}
VERDICTS: Final = {
    Verdict.good: "Good",
    Verdict.poor: "Poor",
    Verdict.unclassified: "Not enough measured",
}
COLUMNS: Final = (
    "Appointment ID",
    "Planned start (UTC)",
    "Side",
    "Stream",
    "Quality",
    *(one.title for one in MEASURES),
)


@dataclass(frozen=True)
class QualityPage:
    """The streams of some visits, the latest first, and how many visits of the whole window were measured."""

    rows: Sequence[StreamRow]
    measured: int
    poor: int

    @property
    def visits(self) -> int:
        """How many visits the rows are of."""
        return len({row.visit for row in self.rows})


async def read_streams(
    work: Work, org_id: OrgId, *, environment: str, window: Window, by: By, now: datetime,
    exported: bool = False,
) -> QualityPage:  # fmt: skip
    """How the streams of the window's visits were; ``window.most`` counts visits."""
    found = (await work.session.execute(text(_STREAMS), window.asked(org_id, environment))).all()
    act = Act.report_exported if exported else Act.report_read
    await record(
        work, org_id, act, by=by, subject="quality", at=now, rows=len(found), environment=environment
    )
    measured, poor = (found[0].measured, found[0].poor) if found else (0, 0)
    return QualityPage([_row(one) for one in found], measured, poor)


def _row(one: Any) -> StreamRow:
    return StreamRow(
        visit=one.visit_id,
        appointment=one.appointment_ref,
        planned_at=one.starts_at,
        side=Side(one.side),
        kind=MediaKind(one.kind),
        verdict=Verdict(one.verdict),
        measured=tuple(getattr(one, measure.name) for measure in MEASURES),
    )


def cells(row: StreamRow) -> list[object]:
    """The row in the order of ``COLUMNS``, as the file has it."""
    at = row.planned_at.strftime("%Y-%m-%d %H:%M:%S")
    return [row.appointment, at, SIDES[row.side], KINDS[row.kind], VERDICTS[row.verdict], *row.measured]
