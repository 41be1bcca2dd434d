"""The gateway for texts, the phone, and the number provider."""

import json
from datetime import timedelta

import pytest

from housecall.kit.signing import verify
from tests.sandbox.hospital import OPTIONS, Hospital, attribute

TEXT = {
    "reference": "ref-1",
    "from": "+18335550100",
    "to": "+13125550110",
    "body": "Open http://localhost:8000/v/a1.",
}


async def test_a_text_is_taken_shown_on_the_phone_and_ends_in_a_signed_receipt(hospital: Hospital) -> None:
    taken = await hospital.web.post("/gateway", json=TEXT)
    hook = await hospital.next_hook()

    phone = (await hospital.web.get("/phone")).text
    receipt = json.loads(hook.content)
    assert taken.status_code == 202
    assert str(hook.url) == f"{OPTIONS.housecall_url}/hooks/gateway"
    assert verify(OPTIONS.gateway_secret, hook.content, hook.headers["x-signature"])
    assert (
        receipt | {"type": "receipt", "id": taken.json()["id"], "reference": "ref-1", "status": "delivered"}
        == receipt
    )
    assert attribute(phone, "phone-message", "data-to") == ["+13125550110"]
    assert (
        'data-testid="phone-link" href="http://localhost:8000/v/a1" target="_blank" rel="noopener"' in phone
    )


async def test_a_repeated_reference_gets_the_same_id_and_is_not_sent_again(hospital: Hospital) -> None:
    first = (await hospital.web.post("/gateway", json=TEXT)).json()
    again = await hospital.web.post("/gateway", json=TEXT | {"body": "changed"})

    texts = (await hospital.web.get("/sandbox/messages")).json()
    assert again.json()["id"] == first["id"]
    assert [(text["body"], text["posts"]) for text in texts] == [(TEXT["body"], 2)]


async def test_the_gateway_tells_what_became_of_a_reference(hospital: Hospital) -> None:
    unknown = await hospital.web.get("/gateway", params={"reference": "ref-1"})
    made = (await hospital.web.post("/gateway", json=TEXT)).json()
    before = (await hospital.web.get("/gateway", params={"reference": "ref-1"})).json()
    await hospital.next_hook()
    after = (await hospital.web.get("/gateway", params={"reference": "ref-1"})).json()

    assert unknown.status_code == 404
    assert before == {"id": made["id"], "status": "accepted"}
    assert after == {"id": made["id"], "status": "delivered"}


@pytest.mark.parametrize(
    ("ending", "reason"),
    [
        ("0001", "invalid_number"),
        ("0002", "blocked_number"),
        ("0003", "unreachable"),
        ("0004", "landline"),
        ("0006", "code-7391"),
        ("0007", "opted_out"),
        ("0008", "spam_detected"),
        ("0009", "recipient_blocked"),
        ("0010", "unknown_number"),
    ],
)
async def test_numbers_with_a_magic_ending_fail_for_their_reason(
    hospital: Hospital, ending: str, reason: str
) -> None:
    await hospital.web.post("/gateway", json=TEXT | {"to": f"+1312555{ending}"})

    receipt = json.loads((await hospital.next_hook()).content)

    assert (receipt["status"], receipt["reason"]) == ("failed", reason)
    assert 'data-testid="phone-message"' not in (await hospital.web.get("/phone")).text


@pytest.mark.parametrize(
    ("switch", "status", "code"), [("down", 503, None), ("reject:blocked_number", 422, "blocked_number")]
)
async def test_the_gateway_can_be_told_to_refuse(
    hospital: Hospital, switch: str, status: int, code: str | None
) -> None:
    await hospital.web.post("/sandbox/settings", json={"gateway": switch})

    answer = await hospital.web.post("/gateway", json=TEXT)

    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert (await hospital.web.get("/sandbox/messages")).json() == []


@pytest.mark.parametrize("change", [{"to": "312"}, {"to": ""}, {"body": ""}, {"reference": None}])
async def test_a_text_without_its_parts_is_refused(hospital: Hospital, change: dict[str, object]) -> None:
    answer = await hospital.web.post("/gateway", json=TEXT | change)

    assert answer.status_code in (400, 422)


async def test_an_answer_typed_on_the_phone_comes_to_housecall_signed(hospital: Hospital) -> None:
    await hospital.web.post("/gateway", json=TEXT)
    await hospital.next_hook()

    await hospital.web.post("/phone/reply", data={"from": TEXT["to"], "body": "STOP"})

    hook = await hospital.next_hook()
    reply = json.loads(hook.content)
    assert verify(OPTIONS.gateway_secret, hook.content, hook.headers["x-signature"])
    assert (reply["type"], reply["from"], reply["to"], reply["body"]) == (
        "reply",
        TEXT["to"],
        TEXT["from"],
        "STOP",
    )


async def test_the_newest_text_is_first_and_one_phone_can_be_looked_at_alone(hospital: Hospital) -> None:
    await hospital.web.post("/gateway", json=TEXT)
    await hospital.web.post("/gateway", json=TEXT | {"reference": "ref-2", "to": "+13125550111"})

    everybody = (await hospital.web.get("/phone")).text
    alone = (await hospital.web.get("/phone?to=+13125550110")).text

    assert attribute(everybody, "phone-message", "data-to") == ["+13125550111", "+13125550110"]
    assert attribute(alone, "phone-message", "data-to") == ["+13125550110"]


async def test_the_live_part_is_sent_again_only_when_it_changed(hospital: Hospital) -> None:
    first = await hospital.web.get("/phone?part=1")
    same = await hospital.web.get("/phone?part=1", headers={"If-None-Match": first.headers["etag"]})
    await hospital.web.post("/gateway", json=TEXT)
    changed = await hospital.web.get("/phone?part=1", headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, same.status_code, changed.status_code) == (200, 304, 200)
    assert "<html" not in changed.text


async def test_words_of_a_text_cannot_become_markup(hospital: Hospital) -> None:
    await hospital.web.post(
        "/gateway", json=TEXT | {"body": '<script>x</script> http://a.example/"onclick=x'}
    )

    phone = (await hospital.web.get("/phone")).text

    assert "<script>x" not in phone
    assert 'onclick=x"' not in phone.replace("&#34;", "")


async def test_a_number_asked_for_twice_under_one_reference_is_one(hospital: Hospital) -> None:
    wish = {"reference": "wish-1", "country": "US", "kind": "toll_free"}
    first = (await hospital.web.post("/gateway/numbers", json=wish)).json()
    again = (await hospital.web.post("/gateway/numbers", json=wish)).json()
    found = await hospital.web.get("/gateway/numbers", params={"reference": "wish-1"})
    nothing = await hospital.web.get("/gateway/numbers", params={"reference": "wish-2"})

    assert first["id"] == again["id"] == found.json()["id"]
    assert nothing.status_code == 404


async def test_a_number_takes_twenty_seconds_and_can_be_released(hospital: Hospital) -> None:
    made = (await hospital.web.post("/gateway/numbers")).json()
    at_first = (await hospital.web.get(f"/gateway/numbers/{made['id']}")).json()
    hospital.clock.advance(timedelta(seconds=20))
    then = (await hospital.web.get(f"/gateway/numbers/{made['id']}")).json()
    await hospital.web.delete(f"/gateway/numbers/{made['id']}")
    last = (await hospital.web.get(f"/gateway/numbers/{made['id']}")).json()

    assert (at_first["state"], at_first["number"]) == ("provisioning", None)
    assert (then["state"], then["number"][:4]) == ("active", "+183")
    assert last["state"] == "released"


async def test_a_number_can_be_told_to_fail(hospital: Hospital) -> None:
    await hospital.web.post("/sandbox/settings", json={"numbers": "fail"})
    made = (await hospital.web.post("/gateway/numbers")).json()
    hospital.clock.advance(timedelta(seconds=20))

    assert (await hospital.web.get(f"/gateway/numbers/{made['id']}")).json()["state"] == "failed"


async def test_letters_are_shown_newest_first(hospital: Hospital) -> None:
    for number in (1, 2):
        letter = {
            "to": f"p{number}@mail.example",
            "subject": "Visit",
            "body": f"See http://a.example/{number}",
        }
        await hospital.web.post("/sandbox/mail", json=letter)

    page = (await hospital.web.get("/mail")).text

    assert page.index('data-to="p2@mail.example"') < page.index('data-to="p1@mail.example"')
    assert 'data-testid="mail-link" href="http://a.example/1"' in page


async def test_the_texts_for_programs_are_listed_newest_first(hospital: Hospital) -> None:
    for number in (1, 2, 3):
        await hospital.web.post(
            "/gateway", json=TEXT | {"reference": f"ref-{number}", "body": f"text {number}"}
        )

    texts = (await hospital.web.get("/sandbox/messages")).json()

    assert [(each["body"], each["to"]) for each in texts] == [
        ("text 3", TEXT["to"]),
        ("text 2", TEXT["to"]),
        ("text 1", TEXT["to"]),
    ]


async def test_a_gateway_without_receipts_still_answers_what_became_of_a_text(hospital: Hospital) -> None:
    await hospital.web.post("/gateway", json=TEXT | {"to": "+13125550005"})
    await hospital.web.post("/gateway", json=TEXT | {"reference": "ref-2"})

    await hospital.next_hook()

    silent = (await hospital.web.get("/gateway", params={"reference": "ref-1"})).json()
    assert silent["status"] == "accepted"
    assert hospital.hooks.empty()


async def test_one_phone_shows_its_own_answers_and_a_failed_text_reached_none(hospital: Hospital) -> None:
    await hospital.web.post("/gateway", json=TEXT)
    await hospital.web.post("/gateway", json=TEXT | {"reference": "ref-2", "to": "+13125550001"})

    back = await hospital.web.post("/phone/reply", data={"from": TEXT["to"], "body": "C"})

    thread = (await hospital.web.get(back.headers["location"])).text
    everybody = (await hospital.web.get("/phone")).text
    assert attribute(thread, "phone-reply", "data-from") == [TEXT["to"]]
    assert "+13125550001" not in everybody
