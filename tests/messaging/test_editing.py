"""An organisation's own wordings: what is refused and why, who overwrites whom, and what is sent then."""

from typing import Any

import pytest
from sqlalchemy import select

from housecall.audit.model import Act
from housecall.audit.tables import AuditEntry
from housecall.kit.errors import Overtaken
from housecall.kit.languages import LANGUAGES
from housecall.messaging.editing import (
    EDITABLE,
    Which,
    check,
    find_which,
    list_own,
    read_stand,
    reset_template,
    save_template,
)
from housecall.messaging.errors import TemplateRefused
from housecall.messaging.model import Channel, MessageKind
from housecall.messaging.sample import Clinic, preview
from housecall.messaging.service import send_test
from housecall.messaging.tables import TypedAddress
from housecall.messaging.templates import Wording, shipped
from tests.messaging.office import OPERATOR, Office

TEXT = Which(MessageKind.reminder, Channel.sms, "en")
MAIL = Which(MessageKind.reminder, Channel.email, "en")
CANCELLED = Which(MessageKind.cancelled, Channel.sms, "en")
LAKESIDE = Clinic("Lakeside", "+1 312 555 0100", "America/Chicago", "https://video.lakeside.example")


# The wording, and what the refusal must name.
@pytest.mark.parametrize(
    ("which", "wording", "field", "said"),
    [
        (TEXT, Wording(""), "body", "Write what the message says"),
        (TEXT, Wording("   "), "body", "Write what the message says"),
        (TEXT, Wording("See you at {time}."), "body", "{link} is missing"),
        (TEXT, Wording("{name}, join: {link}"), "body", "{name} cannot be used here"),
        (TEXT, Wording("{link} {patient.name}"), "body", "{patient.name}"),
        (TEXT, Wording("{link} {time.__class__}"), "body", "{time.__class__}"),
        (TEXT, Wording("{link} {clinic[0]}"), "body", "{clinic[0]}"),
        (TEXT, Wording("{link} {time!r}"), "body", "{time}"),
        (TEXT, Wording("{link} {time:>9000}"), "body", "{time}"),
        (TEXT, Wording("{link} {}"), "body", "{}"),
        (TEXT, Wording("{link} {"), "body", "A brace stands alone"),
        (TEXT, Wording("{link} }"), "body", "A brace stands alone"),
        (TEXT, Wording("{link}" + "x" * 600), "body", "longer than 600"),
        (TEXT, Wording("{link} " + "ж" * 280), "body", "parts; 4 is the most"),
        (CANCELLED, Wording("Cancelled. {link}"), "body", "the link of a cancelled visit is dead"),
        (MAIL, Wording("{link}", ""), "subject", "Write a subject"),
        (MAIL, Wording("{link}", "Join {link}"), "subject", "{link} cannot be used here"),
        (MAIL, Wording("{link}", "Call {phone}"), "subject", "{phone} cannot be used here"),
        (MAIL, Wording("{link}", "Hello\nBcc: x@y.example"), "subject", "one line"),
        (MAIL, Wording("{link}", "x" * 151), "subject", "longer than 150"),
    ],
)
def test_a_wording_that_cannot_be_used_is_refused_with_the_reason(
    which: Which, wording: Wording, field: str, said: str
) -> None:
    faults = check(which, wording)

    assert list(faults) == [field]
    assert said in faults[field]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("channel", list(Channel))
@pytest.mark.parametrize("kind", EDITABLE)
def test_what_was_shipped_passes_and_can_be_drawn(
    kind: MessageKind, channel: Channel, language: str, office: Office
) -> None:
    which = Which(kind, channel, language)
    wording = shipped(kind, channel, language)

    drawn = preview(which, wording, LAKESIDE, office.clock.now())

    assert check(which, wording) == {}
    assert "{" not in drawn.text + drawn.subject + "".join(drawn.paragraphs)
    assert (drawn.counted is not None) == (channel is Channel.sms)


@pytest.mark.parametrize(
    ("body", "encoding", "count"),
    [("{link} kl. 9", "gsm7", 1), ("{link} " + "ж" * 30, "ucs2", 2), ("{link} " + "x" * 160, "gsm7", 2)],
)
def test_the_preview_counts_the_parts(body: str, encoding: str, count: int, office: Office) -> None:
    counted = preview(TEXT, Wording(body), LAKESIDE, office.clock.now()).counted

    assert counted is not None
    assert (counted.encoding.value, counted.count) == (encoding, count)


@pytest.mark.parametrize(
    "which", [("help", "sms", "en"), ("reminder", "fax", "en"), ("reminder", "sms", "xx")]
)
def test_only_messages_to_patients_can_be_edited(which: tuple[str, str, str]) -> None:
    assert find_which(*which) is None


async def save(office: Office, which: Which, wording: Wording, version: int) -> Any:
    async with office.database.work() as work:
        return await save_template(
            work, office.org_id, which, wording, version=version, by=OPERATOR, now=office.clock.now()
        )


async def test_the_next_text_says_what_was_saved(office: Office) -> None:
    await office.plan()

    await save(office, TEXT, Wording("See you soon, {clinic}: {link}"), 0)
    await office.send()

    assert [text.body for text in office.provider.sent] == [
        "See you soon, Lakeside: http://localhost:8000/v/abc"
    ]


async def test_another_language_or_channel_stays_as_it_was(office: Office) -> None:
    await office.plan()

    await save(office, Which(TEXT.kind, Channel.sms, "da"), Wording("Dansk {link}"), 0)
    await save(office, MAIL, Wording("Mail {link}", "Subject"), 0)
    await office.send()

    assert office.provider.sent[0].body.startswith("Lakeside: reminder of your video visit")


async def test_two_people_do_not_overwrite_each_other(office: Office) -> None:
    first = await save(office, TEXT, Wording("First {link}"), 0)

    with pytest.raises(Overtaken):
        await save(office, TEXT, Wording("Second {link}"), 0)

    async with office.database.work() as work:
        stand = await read_stand(work, office.org_id, TEXT)
    assert (stand.wording.body, stand.version) == ("First {link}", first.version)


async def test_reset_says_it_as_shipped_and_an_old_form_is_still_noticed(office: Office) -> None:
    saved = await save(office, TEXT, Wording("Mine {link}"), 0)

    async with office.database.work() as work:
        reset = await reset_template(
            work, office.org_id, TEXT, version=saved.version, by=OPERATOR, now=office.clock.now()
        )

    assert reset.wording == shipped(TEXT.kind, TEXT.channel, "en")
    async with office.database.work() as work:
        assert await list_own(work, office.org_id) == set()
    for old in (0, saved.version):
        with pytest.raises(Overtaken):
            await save(office, TEXT, Wording("Again {link}"), old)


async def test_a_refused_wording_changes_nothing(office: Office) -> None:
    with pytest.raises(TemplateRefused):
        await save(office, TEXT, Wording("{name}"), 0)

    async with office.database.work() as work:
        assert await list_own(work, office.org_id) == set()


async def test_the_audit_log_holds_the_words_before_and_after(office: Office) -> None:
    await save(office, TEXT, Wording("Mine {link}"), 0)

    async with office.database.work() as work:
        chosen = select(AuditEntry).where(AuditEntry.act == Act.template_changed.value)
        (entry,) = await work.session.scalars(chosen)
    assert entry.subject == "reminder.sms.en"
    assert entry.detail == {"wording_before": "(as shipped)", "wording_after": "Mine {link}"}


async def test_a_test_goes_to_oneself_with_sample_values_and_its_address_is_gone(office: Office) -> None:
    await save(office, TEXT, Wording("At {place}, {time}: {link}"), 0)

    async with office.database.work() as work:
        await send_test(
            work, office.org_id, connection_id=office.connection.id, which=TEXT, to="+13125559999",
            by=OPERATOR, sealer=office.sealer, now=office.clock.now(),
        )  # fmt: skip
    await office.send()

    (text,) = office.provider.sent
    assert text.to == "+13125559999"
    assert "/v/sample-link" in text.body
    assert office.resolver.asked == []
    assert "13125559999" not in await office.everything_stored()
    async with office.database.work() as work:
        assert list(await work.session.scalars(select(TypedAddress))) == []
