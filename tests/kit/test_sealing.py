"""Secrets at rest, and the master keys they are sealed under."""

import base64
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from housecall.kit.sealing import SealBroken, Sealer, parse_master_keys, read_or_make_key

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
SEALED = Sealer(OLD).seal("secret", purpose="connection:c_1")


@given(st.text(), st.text())
def test_what_was_sealed_opens_for_the_same_purpose(plain: str, purpose: str) -> None:
    sealer = Sealer(OLD)

    assert sealer.open(sealer.seal(plain, purpose=purpose), purpose=purpose) == plain


def test_the_same_secret_is_sealed_differently_each_time() -> None:
    sealer = Sealer(OLD)

    assert sealer.seal("secret", purpose="p") != sealer.seal("secret", purpose="p")
    assert b"secret" not in SEALED


def test_another_purpose_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        Sealer(OLD).open(SEALED, purpose="connection:c_2")


def test_a_stranger_key_does_not_open_it() -> None:
    with pytest.raises(SealBroken):
        Sealer(NEW).open(SEALED, purpose="connection:c_1")


def test_after_a_rotation_the_newest_key_seals_and_all_open() -> None:
    both = Sealer(NEW, OLD)

    fresh = both.seal("secret", purpose="connection:c_1")

    assert both.open(SEALED, purpose="connection:c_1") == "secret"
    assert Sealer(NEW).open(fresh, purpose="connection:c_1") == "secret"
    with pytest.raises(SealBroken):
        Sealer(OLD).open(fresh, purpose="connection:c_1")


@given(st.integers(0, len(SEALED) - 1), st.integers(0, 7))
def test_one_changed_bit_breaks_the_seal(place: int, bit: int) -> None:
    """The first byte used to be free: whatever it said, the rest opened."""
    changed = bytearray(SEALED)
    changed[place] ^= 1 << bit

    with pytest.raises(SealBroken):
        Sealer(OLD).open(bytes(changed), purpose="connection:c_1")


@given(st.integers(0, len(SEALED) - 1))
def test_a_seal_that_was_cut_off_is_broken(length: int) -> None:
    """Cut within the nonce it used to raise what nobody translates."""
    with pytest.raises(SealBroken):
        Sealer(OLD).open(SEALED[:length], purpose="connection:c_1")


def test_a_broken_seal_tells_nothing_of_the_secret() -> None:
    with pytest.raises(SealBroken) as told:
        Sealer(NEW).open(SEALED, purpose="connection:c_1")

    assert "HOUSECALL_MASTER_KEY" in told.value.sentence
    assert told.value.__cause__ is None


def test_a_hash_kept_under_an_old_master_key_is_found_under_the_new_one() -> None:
    kept = Sealer(OLD).hashes("refusal", "+15550140001")[0]
    rotated = Sealer(NEW, OLD)

    assert kept in rotated.hashes("refusal", "+15550140001")
    assert kept != rotated.hashes("refusal", "+15550140001")[0]
    assert kept not in rotated.hashes("reply", "+15550140001")


def test_derived_keys_differ_by_purpose_and_by_master_key() -> None:
    both = Sealer(NEW, OLD)

    assert both.derive("refusal") == Sealer(NEW).derive("refusal")
    assert both.derive("refusal") != both.derive("join-link")
    assert both.derive_each("refusal") == (Sealer(NEW).derive("refusal"), Sealer(OLD).derive("refusal"))


@pytest.mark.parametrize("keys", [(), (b"short",), (OLD, b"short")])
def test_a_key_of_the_wrong_length_is_refused(keys: tuple[bytes, ...]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Sealer(*keys)


def test_keys_are_read_from_a_setting_newest_first() -> None:
    url_safe = base64.urlsafe_b64encode(b"\xfb\xef" * 16).decode()

    keys = parse_master_keys(f" {base64.b64encode(NEW).decode()} , {url_safe.rstrip('=')},")

    assert keys == [NEW, b"\xfb\xef" * 16]


@pytest.mark.parametrize("text", ["", ",", "short", "A" * 41, base64.b64encode(bytes(31)).decode(), "ключ"])
def test_a_setting_that_holds_no_key_says_what_it_should_hold(text: str) -> None:
    with pytest.raises(ValueError, match="HOUSECALL_MASTER_KEY must be 32 bytes in base64"):
        parse_master_keys(text)


def test_a_key_that_was_made_is_found_again_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    path = tmp_path / "master.key"

    made = read_or_make_key(path)

    assert len(made) == 32
    assert read_or_make_key(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["master.key"]


def test_processes_that_start_at_once_make_one_key(tmp_path: Path) -> None:
    """The second used to read the file before the first had written it."""
    path = tmp_path / "master.key"
    made: list[bytes] = []
    gate = threading.Barrier(8)

    def start() -> None:
        gate.wait()
        made.append(read_or_make_key(path))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(made) == 8
    assert set(made) == {base64.b64decode(path.read_text())}
