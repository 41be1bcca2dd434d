"""What the Inferno client suite checks of a confidential client with a secret."""

import base64

import pytest

from housecall.ehr.errors import LaunchDenied
from tests.ehr.inferno import SYMMETRIC, Judge

PROOF = base64.b64encode(b"housecall-clinician:sandbox-clinician-secret").decode()


async def test_inferno_symmetric_registration_a_secret_is_set(server: Judge) -> None:
    """Without the secret there is no launch: the client never falls back to being a public one."""
    with pytest.raises(LaunchDenied):
        await server.launch(server.client(SYMMETRIC, client_secret=""))

    assert "client_id" not in server.tokens[-1].form
    assert server.tokens[-1].headers["authorization"].startswith("Basic ")


async def test_inferno_symmetric_token_request_sends_a_correct_basic_header(server: Judge) -> None:
    await server.launch(server.client(SYMMETRIC))

    sent = server.tokens[-1]
    assert (sent.status, sent.headers["authorization"]) == (200, f"Basic {PROOF}")


async def test_inferno_symmetric_token_request_has_neither_client_id_nor_secret_in_the_body(
    server: Judge,
) -> None:
    await server.launch(server.client(SYMMETRIC))

    assert not {"client_id", "client_secret", "client_assertion"} & set(server.tokens[-1].form)


async def test_inferno_symmetric_refresh_sends_the_basic_header_again(server: Judge) -> None:
    client = server.client(SYMMETRIC)
    await client.refresh((await server.launch(client)).tokens)

    sent = server.tokens[-1]
    assert (sent.form["grant_type"], sent.headers["authorization"]) == ("refresh_token", f"Basic {PROOF}")


async def test_inferno_symmetric_the_secret_goes_to_the_token_endpoint_alone(server: Judge) -> None:
    client = server.client(SYMMETRIC)
    await server.read_something(client, (await server.launch(client)).tokens)

    with_proof = {one.path for one in server.recorder.asked if PROOF in str(one.headers)}
    assert with_proof == {server.tokens[-1].path}
    for one in server.recorder.asked:
        assert "sandbox-clinician-secret" not in str(one.query) + str(one.form)
