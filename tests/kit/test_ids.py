"""Identifiers: random, opaque, and tokens that are stored as hashes only."""

import re

from housecall.kit.ids import hash_token, new_token, new_uuid, short_id


def test_an_id_says_its_kind_and_nothing_else() -> None:
    made = {short_id("v") for _ in range(500)}

    assert len(made) == 500
    assert all(re.fullmatch(r"v_[a-km-np-z2-9]{16}", found) for found in made)


def test_every_sign_of_an_id_carries_five_bits() -> None:
    signs = {sign for _ in range(500) for sign in short_id("v").removeprefix("v_")}

    assert len(signs) == 32
    assert not signs & set("lo01")


def test_a_token_has_192_bits_and_fits_into_an_address() -> None:
    made = {new_token() for _ in range(500)}

    assert len(made) == 500
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{32}", token) for token in made)


def test_a_token_is_known_by_its_hash() -> None:
    token = new_token()

    assert hash_token(token) == hash_token(token)
    assert hash_token(token) != hash_token(token + "x")
    assert token not in hash_token(token)


def test_uuids_are_random() -> None:
    assert {new_uuid().version for _ in range(5)} == {4}
