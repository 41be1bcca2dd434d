"""What the Inferno client suite checks of a public client alone."""

from tests.ehr.inferno import PUBLIC, Judge


async def test_inferno_public_token_request_sends_client_id_in_the_body_and_no_other_proof(
    server: Judge,
) -> None:
    await server.launch(server.client(PUBLIC))

    sent = server.tokens[-1]
    assert (sent.status, sent.form["client_id"]) == (200, "housecall-public")
    assert "authorization" not in sent.headers
    assert not {"client_secret", "client_assertion", "client_assertion_type"} & set(sent.form)


async def test_inferno_public_refresh_sends_client_id_again(server: Judge) -> None:
    client = server.client(PUBLIC)
    await client.refresh((await server.launch(client)).tokens)

    assert server.tokens[-1].form["client_id"] == "housecall-public"
    assert "authorization" not in server.tokens[-1].headers


async def test_inferno_public_launch_of_a_patient_works_alike(server: Judge) -> None:
    client = server.client(PUBLIC)

    context = await server.launch(client, persona="patient")

    assert (context.persona, context.patient) == ("patient", context.user)
    assert server.tokens[-1].form["client_id"] == "housecall-public"
