"""Signatures over bodies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housecall.kit.signing import sign, verify

SECRET, BODY = "sixteen-or-more!", b'{"type":"receipt"}'


def test_a_signature_is_that_of_the_standard() -> None:
    """RFC 4231, test case 2."""
    assert sign("Jefe", b"what do ya want for nothing?") == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


@given(st.text(min_size=1), st.binary())
def test_what_was_signed_is_verified(secret: str, body: bytes) -> None:
    assert verify(secret, body, sign(secret, body))


def test_case_and_blanks_around_it_do_not_count() -> None:
    assert verify(SECRET, BODY, f" {sign(SECRET, BODY).upper()} ")


@pytest.mark.parametrize("signature", ["", "0", sign("another secret", BODY), sign(SECRET, BODY)[:-1]])
def test_any_other_signature_is_wrong(signature: str) -> None:
    assert not verify(SECRET, BODY, signature)


def test_a_changed_body_is_not_verified() -> None:
    assert not verify(SECRET, BODY + b" ", sign(SECRET, BODY))


@given(st.text())
def test_a_signature_of_any_signs_is_wrong_and_no_error(signature: str) -> None:
    """Signs outside ASCII used to raise, and the hook answered 500."""
    assert not verify(SECRET, BODY, signature)
