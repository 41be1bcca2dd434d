"""Tables of organisations, connections, signing keys and administrators."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from housecall.db.base import Base
from housecall.tenancy.model import DEFAULT_REQUESTS_PER_MIN


class Organisation(Base):
    """A hospital or clinic group: the wall that data does not cross."""

    __tablename__ = "organisation"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    display_name: Mapped[str]
    region: Mapped[str]
    language: Mapped[str]
    clinic_phone: Mapped[str]
    # The organisation's own OpenID Connect provider: who signs in to the portal.
    sign_in_issuer: Mapped[str | None]
    sign_in_client_id: Mapped[str | None]
    sign_in_secret_sealed: Mapped[bytes | None]
    sign_in_scope: Mapped[str] = mapped_column(default="openid profile", server_default="openid profile")
    # For each role the lines "claim = value" that give it; none means the claim roles, as Entra ID fills it.
    sign_in_rules: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    # What an administrator is setting up and has not yet proved to work.
    sign_in_draft_sealed: Mapped[bytes | None] = mapped_column(default=None)
    time_zone: Mapped[str] = mapped_column(default="America/Chicago", server_default="America/Chicago")
    # What the panel says beside the admit button: None is our own sentence, empty is nothing.
    identity_reminder: Mapped[str | None] = mapped_column(default=None)
    # Where an interpreter or relative was written to is kept, sealed, until their visit is over.
    keeps_guest_addresses: Mapped[bool] = mapped_column(default=False, server_default="false")
    # Grows with every change of settings: a form that was opened before one is told so.
    revision: Mapped[int] = mapped_column(default=0, server_default="0")
    created_at: Mapped[datetime]


class Branding(Base):
    """What an organisation's patients see of it: picture, colour, and a text before and after the visit."""

    __tablename__ = "branding"

    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    # Read by its own address only: every page asks for the rest.
    logo: Mapped[bytes | None] = mapped_column(deferred=True)
    logo_type: Mapped[str | None]
    # Of the picture's bytes: it stands in the picture's address, so that a new one is a new address.
    logo_hash: Mapped[str | None]
    accent: Mapped[str | None]
    # By language: {"en": {"welcome": ..., "closed": ...}}.
    texts: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")


class Invite(Base):
    """A one-time address with which an administrator comes in before there is a sign-in, or without it."""

    __tablename__ = "invite"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Connection(Base):
    """One FHIR base URL in one environment with a vendor profile."""

    __tablename__ = "connection"
    __table_args__ = (
        # A draft may hold anything: it is compared when it is done.
        Index(
            "ux_connection_address",
            "org_id",
            "base_url",
            "environment",
            unique=True,
            postgresql_where=text("state <> 'draft'"),
        ),
        Index("ix_connection_base_url", "base_url"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    base_url: Mapped[str]
    environment: Mapped[str]
    vendor: Mapped[str]
    state: Mapped[str]
    client_kind: Mapped[str]
    client_id: Mapped[str]
    client_secret_sealed: Mapped[bytes | None]
    system_client_id: Mapped[str | None]
    system_client_secret_sealed: Mapped[bytes | None]
    locations: Mapped[list[str]]
    practitioners: Mapped[list[str]]
    virtual_rules: Mapped[list[str]]
    time_zone: Mapped[str]
    phone_region: Mapped[str]
    texts_from: Mapped[str | None]
    # Our number at another provider, for when the first one's is away.
    texts_backup: Mapped[str | None]
    # One of tenancy.model.Channels.
    channels: Mapped[str] = mapped_column(default="text")
    # Numbers and addresses a test connection may write to, or the word "any"; as keyed hashes: each is a person.
    texts_to: Mapped[list[str]]
    consent_send_at: Mapped[datetime | None]
    consent_attendees_at: Mapped[datetime | None]
    consent_by: Mapped[str | None]
    confirm_existing: Mapped[bool]
    # The patient portal's FHIR base and client, where they are others than the clinicians'.
    patient_base_url: Mapped[str | None]
    patient_client_id: Mapped[str | None]
    patient_client_secret_sealed: Mapped[bytes | None]
    # Where visits are held: rooms of our own, or another service with its settings and, sealed, its key.
    meeting_service: Mapped[str] = mapped_column(default="builtin", server_default="builtin")
    meeting_options: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    meeting_key_sealed: Mapped[bytes | None] = mapped_column(default=None)
    # The one to come, or the one before: what was encrypted for it can still be read.
    meeting_other_key_sealed: Mapped[bytes | None] = mapped_column(default=None)
    # What we write to the EHR by ourselves: the words links and status.
    write_back: Mapped[list[str]] = mapped_column(default=list)
    reminder_offsets_min: Mapped[list[int]]
    # Quiet hours, in minutes after midnight where the patient is; both or neither.
    quiet_from_min: Mapped[int | None]
    quiet_until_min: Mapped[int | None]
    lobby_opens_min: Mapped[int]
    window_closes_min: Mapped[int]
    frame_ancestors: Mapped[list[str]]
    # Opened as an MPages component: no frame-ancestors, and the page hides until its frame says who it is.
    is_mpages: Mapped[bool] = mapped_column(default=False)
    first_polled_at: Mapped[datetime | None]
    last_polled_at: Mapped[datetime | None]
    next_poll_at: Mapped[datetime | None]
    feed_fault: Mapped[str | None]
    # How many appointments a day the last poll read: a long schedule is read in shorter stretches.
    feed_a_day: Mapped[int] = mapped_column(default=0)
    # In a pilot only departments that are live have visits and messages; else everything the feed finds has.
    is_pilot: Mapped[bool] = mapped_column(default=False, server_default=false())
    # The budget that feed, texts and write-back share; sign-ins and the panel's reads go first.
    requests_per_min: Mapped[int] = mapped_column(default=DEFAULT_REQUESTS_PER_MIN)
    # Who said, on record, that the EHR's release is late enough, where the vendor publishes none.
    release_confirmed_at: Mapped[datetime | None]
    release_confirmed_by: Mapped[str | None]
    created_at: Mapped[datetime]


class Department(Base):
    """A named set of a connection's locations and practitioners; what it does not say is as its connection has it."""

    __tablename__ = "department"
    __table_args__ = (
        Index(
            "ux_department_name", "connection_id", "name", unique=True,
            postgresql_where=text("archived_at IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"))
    name: Mapped[str]
    locations: Mapped[list[str]]
    practitioners: Mapped[list[str]]
    # Its own numbers; without a first one texts leave from the connection's.
    texts_from: Mapped[str | None]
    texts_backup: Mapped[str | None]
    # None: as the connection reminds. An empty list: no reminders at all.
    reminder_offsets_min: Mapped[list[int] | None]
    meeting_service: Mapped[str | None]
    is_live: Mapped[bool]
    # Who last switched it on or off, and when.
    switched_at: Mapped[datetime | None]
    switched_by: Mapped[str | None]
    archived_at: Mapped[datetime | None]
    # Grows with every change: a form that was opened before one is told so.
    version: Mapped[int]
    created_at: Mapped[datetime]


class TextConsent(Base):
    """An organisation's consent to texts: which of the two, in which words, by whom, and until when."""

    __tablename__ = "text_consent"
    __table_args__ = (Index("ix_text_consent_org_id", "org_id", "given_at"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    what: Mapped[str]
    wording: Mapped[str]
    given_by: Mapped[str]
    given_at: Mapped[datetime]
    withdrawn_by: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]


class ConnectionSetup(Base):
    """How a connection is being set up in the portal: never read by launches, feeds or visits."""

    __tablename__ = "connection_setup"

    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    # Grows with every change of the settings: a form that was shown before it is told so.
    version: Mapped[int]
    begun_by: Mapped[str | None]
    # A draft's form as it was typed, right or wrong; no secret is in it.
    typed: Mapped[dict[str, Any] | None]
    # What the last look at the addresses found, and what the last test of each launch record showed.
    validation: Mapped[dict[str, Any] | None]
    record_tests: Mapped[dict[str, Any]]
    # How many booked visits would be confirmed, and when they were counted.
    existing: Mapped[dict[str, Any] | None]


class EhrSpending(Base):
    """What was spent of a connection's budget in the newest minute that anything was spent in."""

    __tablename__ = "ehr_spending"

    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    minute: Mapped[datetime]
    spent: Mapped[int]
    held_back_at: Mapped[datetime | None]


class SigningKey(Base):
    """A key pair for asymmetric client authentication; the private half is sealed."""

    __tablename__ = "signing_key"

    kid: Mapped[str] = mapped_column(primary_key=True)
    algorithm: Mapped[str]
    private_sealed: Mapped[bytes]
    public_jwk: Mapped[str]
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]


class Administrator(Base):
    """A person of the organisation, known by issuer and subject only."""

    __tablename__ = "administrator"
    __table_args__ = (UniqueConstraint("org_id", "issuer", "subject"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    issuer: Mapped[str]
    subject: Mapped[str]
    # The strongest role that the provider names, and those besides.
    role: Mapped[str]
    other_roles: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]


class PortalSession(Base):
    """A signed-in administrator's browser; its cookie's value is kept as a hash."""

    __tablename__ = "portal_session"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    administrator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("administrator.id"))
    secret_hash: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    # To the minute; after half an hour without a request the session is over.
    last_used_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class DirectoryPerson(Base):
    """Under which object id the meeting service's directory knows a clinician; their address is kept nowhere."""

    __tablename__ = "directory_person"

    connection_id: Mapped[str] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    user_ref: Mapped[str] = mapped_column(primary_key=True)
    org_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("organisation.id"))
    object_id: Mapped[str]
    is_by_hand: Mapped[bool]
    created_at: Mapped[datetime]
