"""Which streams the quality report shows, to whom, and what it says of them."""

from datetime import timedelta
from typing import Any

from housecall.kit.csv import stream_csv
from housecall.meetings.base import MediaKind, Side
from housecall.meetings.quality import Verdict
from housecall.reports.model import Window
from housecall.reports.quality import COLUMNS, QualityPage, cells, read_streams
from housecall.visits.tables_meetings import StreamMeasure
from tests.reports.reading import READER, read
from tests.reports.test_reading import a_visit, production_too, put
from tests.visits.clinic import Clinic, open_clinic


async def measure(clinic: Clinic, visit: str, verdict: Verdict = Verdict.good, **measured: Any) -> None:
    """The patient's sound in that visit was so."""
    known = {"side": Side.guest.value, "kind": MediaKind.audio.value}
    async with clinic.database.work() as work:
        work.session.add(
            StreamMeasure(visit_id=visit, org_id=clinic.org_id, verdict=verdict.value, **known | measured)
        )


async def streams(clinic: Clinic, environment: str = "test", **more: Any) -> QualityPage:
    wide: dict[str, Any] = {"since": clinic.now - timedelta(days=30), "until": clinic.now, "most": 100}
    async with clinic.database.work() as work:
        return await read_streams(
            work, clinic.org_id, environment=environment, window=Window(**wide | more), by=READER,
            now=clinic.now,
        )  # fmt: skip


async def test_each_stream_is_a_row_and_poor_visits_are_counted_once(clinic: Clinic) -> None:
    await put(clinic, *(a_visit(clinic, n, clinic.now - timedelta(hours=n)) for n in (1, 2, 3)))
    await measure(clinic, "v_001", rtt_ms=48.0)
    for side in (Side.guest, Side.staff):
        await measure(clinic, "v_002", Verdict.poor, side=side.value, loss_pct=14.0)

    page = await streams(clinic)

    assert [(row.visit, row.side, row.verdict) for row in page.rows] == [
        ("v_001", Side.guest, Verdict.good),
        ("v_002", Side.guest, Verdict.poor),
        ("v_002", Side.staff, Verdict.poor),
    ]
    assert (page.measured, page.poor, page.visits) == (2, 1, 2)


async def test_a_page_ends_with_a_whole_visit_and_goes_on_where_it_stopped(clinic: Clinic) -> None:
    await put(clinic, *(a_visit(clinic, n, clinic.now - timedelta(hours=n)) for n in (1, 2)))
    for visit in ("v_001", "v_002"):
        for kind in MediaKind:
            await measure(clinic, visit, kind=kind.value)

    first = await streams(clinic, most=1)
    last = first.rows[-1]
    second = await streams(clinic, most=1, before=last.planned_at, before_id=last.visit)

    assert [row.visit for row in (*first.rows, *second.rows)] == ["v_001"] * 3 + ["v_002"] * 3
    assert second.measured == 2


async def test_the_visit_report_says_poor_good_or_nothing(clinic: Clinic) -> None:
    await put(clinic, *(a_visit(clinic, n, clinic.now - timedelta(hours=n)) for n in (1, 2, 3)))
    await measure(clinic, "v_001", Verdict.poor)
    await measure(clinic, "v_001", kind=MediaKind.video.value)
    await measure(clinic, "v_002")
    await measure(clinic, "v_003", Verdict.unclassified)

    assert [row.quality for row in await read(clinic)] == ["poor", "good", None]


async def test_neither_another_organisation_nor_the_other_environment_is_shown(clinic: Clinic) -> None:
    other = await open_clinic(clinic.database, clinic.clock, clinic.desk.sealer, "hillside")  # type: ignore[arg-type]
    production = await production_too(clinic)
    await put(clinic, a_visit(clinic, 1, clinic.now - timedelta(hours=1), connection_id=production))
    await put(other, a_visit(other, 2, clinic.now - timedelta(hours=1)))
    await measure(clinic, "v_001")
    await measure(other, "v_002")

    assert (await streams(clinic)).rows == []
    assert [row.visit for row in (await streams(clinic, "production")).rows] == ["v_001"]


async def test_the_file_has_what_was_measured_and_reading_it_is_on_record(clinic: Clinic) -> None:
    await put(clinic, a_visit(clinic, 1, clinic.now - timedelta(hours=1)))
    await measure(clinic, "v_001", Verdict.poor, rtt_ms=640.0, jitter_ms=55.0)

    page = await streams(clinic)
    lines = list(stream_csv(COLUMNS, (cells(row) for row in page.rows)))

    assert lines[1].endswith("Patient,Sound,Poor,640.0,55.0,,,,,,,,\r\n")
    assert "reports:report:read" in await clinic.acts()
