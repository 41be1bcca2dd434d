"""The app's certificate: its key proves to Microsoft who we are, and opens what Graph tells us."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from housecall.meetings.errors import CertificateInvalid

# Long enough not to be forgotten, short enough that somebody still knows how it is renewed.
_LIFE: Final = timedelta(days=2 * 365)
_KEY_BITS: Final = 2048


@dataclass(frozen=True)
class Certificate:
    """A certificate with its private key, both in PEM."""

    private_pem: str = field(repr=False)
    public_pem: str

    @cached_property
    def parsed(self) -> x509.Certificate:
        """The certificate itself."""
        return x509.load_pem_x509_certificate(self.public_pem.encode())

    @cached_property
    def private_key(self) -> rsa.RSAPrivateKey:
        """The private half."""
        key = load_pem_private_key(self.private_pem.encode(), None)
        assert isinstance(key, rsa.RSAPrivateKey)
        return key

    @property
    def pem(self) -> str:
        """Key and certificate in one text, as ``read_certificate`` reads them."""
        return self.private_pem + self.public_pem

    @property
    def thumbprint(self) -> str:
        """SHA-1 of the certificate in capitals, as the Entra admin center lists it."""
        der = self.parsed.public_bytes(Encoding.DER)
        return hashlib.sha1(der).hexdigest().upper()  # noqa: S324 - a name, not a proof

    @property
    def der_base64(self) -> str:
        """The certificate as a subscription takes it."""
        return base64.b64encode(self.parsed.public_bytes(Encoding.DER)).decode()

    @property
    def ends_at(self) -> datetime:
        """Until when it holds."""
        return self.parsed.not_valid_after_utc


def make_certificate(now: datetime, *, name: str = "Housecall") -> Certificate:
    """A new key with a certificate for it, signed by itself: Entra asks for no authority."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A little back: the clock of whoever checks it may be behind ours.
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + _LIFE)
        .sign(key, SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(private.decode(), made.public_bytes(Encoding.PEM).decode())


def read_certificate(pem: str) -> Certificate:
    """The certificate and key in one PEM file; raises CertificateInvalid where one is missing or they do not fit."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        key = load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError):
        raise CertificateInvalid from None
    if not isinstance(key, rsa.RSAPrivateKey) or certificate.public_key() != key.public_key():
        raise CertificateInvalid
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Certificate(private.decode(), certificate.public_bytes(Encoding.PEM).decode())
