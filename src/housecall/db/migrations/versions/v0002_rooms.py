"""The tables of tenancy, visits, messaging and audit, in the order of their references.

Revision: 0002, after 0001.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


_TABLES: Final = (
    "organisation",
    "signing_key",
    "administrator",
    "connection",
    "refusal",
    "launch",
    "message",
    "portal_session",
    "seat",
    "visit",
    "handover",
    "participant",
    "typed_address",
    "audit_entry",
)


def upgrade() -> None:
    _make_organisation()
    _make_signing_key()
    _make_administrator()
    _make_connection()
    _make_refusal()
    _make_launch()
    _make_message()
    _make_portal_session()
    _make_seat()
    _make_visit()
    _make_handover()
    _make_participant()
    _make_typed_address()
    _make_audit_entry()


def downgrade() -> None:
    for name in reversed(_TABLES):
        op.drop_table(name)


def _make_audit_entry() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("actor_ref", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", postgresql.JSONB(), nullable=False),
        sa.Column("link_seq", sa.BigInteger(), nullable=True),
        sa.Column("link_hash", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_org_id_id", "audit_entry", ["org_id", "id"])
    op.create_index("ix_audit_entry_unchained", "audit_entry", ["id"], postgresql_where="link_seq IS NULL")


def _make_organisation() -> None:
    op.create_table(
        "organisation",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("clinic_phone", sa.String(), nullable=False),
        sa.Column("sign_in_issuer", sa.String(), nullable=True),
        sa.Column("sign_in_client_id", sa.String(), nullable=True),
        sa.Column("sign_in_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_name")),
    )


def _make_signing_key() -> None:
    op.create_table(
        "signing_key",
        sa.Column("kid", sa.String(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("private_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("public_jwk", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("kid", name=op.f("pk_signing_key")),
    )


def _make_administrator() -> None:
    op.create_table(
        "administrator",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_administrator_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_administrator")),
        sa.UniqueConstraint(
            "org_id", "issuer", "subject", name=op.f("uq_administrator_org_id_issuer_subject")
        ),
    )


def _make_connection() -> None:
    op.create_table(
        "connection",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("base_url", sa.String(), nullable=False),
        sa.Column("environment", sa.String(), nullable=False),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("client_kind", sa.String(), nullable=False),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("client_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("system_client_id", sa.String(), nullable=True),
        sa.Column("system_client_secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("locations", postgresql.JSONB(), nullable=False),
        sa.Column("practitioners", postgresql.JSONB(), nullable=False),
        sa.Column("virtual_rules", postgresql.JSONB(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("phone_region", sa.String(), nullable=False),
        sa.Column("texts_from", sa.String(), nullable=True),
        sa.Column("texts_to", postgresql.JSONB(), nullable=False),
        sa.Column("consent_send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_attendees_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_by", sa.String(), nullable=True),
        sa.Column("confirm_existing", sa.Boolean(), nullable=False),
        sa.Column("reminder_offsets_min", postgresql.JSONB(), nullable=False),
        sa.Column("lobby_opens_min", sa.Integer(), nullable=False),
        sa.Column("window_closes_min", sa.Integer(), nullable=False),
        sa.Column("frame_ancestors", postgresql.JSONB(), nullable=False),
        sa.Column("first_polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_polled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_poll_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("feed_fault", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_connection_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint(
            "org_id", "base_url", "environment", name=op.f("uq_connection_org_id_base_url_environment")
        ),
    )
    op.create_index("ix_connection_base_url", "connection", ["base_url"])


def _make_refusal() -> None:
    op.create_table(
        "refusal",
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("number_hash", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_refusal_org_id")),
        sa.PrimaryKeyConstraint("org_id", "number_hash", name=op.f("pk_refusal")),
    )


def _make_launch() -> None:
    op.create_table(
        "launch",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("persona", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("state_hash", sa.String(), nullable=True),
        sa.Column("nonce", sa.String(), nullable=True),
        sa.Column("verifier_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("tokens_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("tokens_expire_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("user_ref", sa.String(), nullable=True),
        sa.Column("visit_ids", postgresql.JSONB(), nullable=False),
        sa.Column("encounter_ref_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("handed_over_from", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_launch_connection_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_launch_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_launch")),
        sa.UniqueConstraint("state_hash", name=op.f("uq_launch_state_hash")),
    )
    op.create_index("ix_launch_expires_at", "launch", ["expires_at"])


def _make_message() -> None:
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("subject_ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("instant", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("is_typed", sa.Boolean(), nullable=False),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("provider_id", sa.String(), nullable=True),
        sa.Column("sent_from", sa.String(), nullable=True),
        sa.Column("requested_by", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_message_connection_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_message_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "org_id",
            "subject_ref",
            "kind",
            "instant",
            "channel",
            name=op.f("uq_message_org_id_subject_ref_kind_instant_channel"),
        ),
    )
    op.create_index("ix_message_due", "message", ["due_at"], postgresql_where="state = 'planned'")
    op.create_index("ix_message_org_id_created_at", "message", ["org_id", "created_at"])
    op.create_index("ix_message_provider_id", "message", ["provider_id"])
    op.create_index(
        "ix_message_under_way",
        "message",
        ["lease_until"],
        postgresql_where="state IN ('queued','unknown')",
    )


def _make_portal_session() -> None:
    op.create_table(
        "portal_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("administrator_id", sa.Uuid(), nullable=False),
        sa.Column("secret_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["administrator_id"], ["administrator.id"], name=op.f("fk_portal_session_administrator_id")
        ),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_portal_session_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_portal_session_secret_hash")),
    )


def _make_seat() -> None:
    op.create_table(
        "seat",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("appointment_ref", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("token_nonce", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=True),
        sa.Column("holder_hash", sa.String(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_because", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_seat_connection_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_seat_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_seat")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_seat_token_hash")),
    )
    op.create_index("ix_seat_connection_id_appointment_ref", "seat", ["connection_id", "appointment_ref"])


def _make_visit() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.String(), nullable=False),
        sa.Column("appointment_ref", sa.String(), nullable=False),
        sa.Column("appointment_version", sa.String(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinician_ref", sa.String(), nullable=True),
        sa.Column("location_ref", sa.String(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("end_reason", sa.String(), nullable=True),
        sa.Column("lobby_wait_s", sa.Integer(), nullable=True),
        sa.Column("attendees_total", sa.Integer(), nullable=False),
        sa.Column("attendees_peak", sa.Integer(), nullable=False),
        sa.Column("hides_addresses", sa.Boolean(), nullable=False),
        sa.Column("message_key", sa.String(), nullable=True),
        sa.Column("message_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["connection_id"], ["connection.id"], name=op.f("fk_visit_connection_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_visit_org_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_visit")),
        sa.UniqueConstraint(
            "connection_id",
            "appointment_ref",
            "ordinal",
            name=op.f("uq_visit_connection_id_appointment_ref_ordinal"),
        ),
    )
    op.create_index("ix_visit_in_progress", "visit", ["id"], postgresql_where="state = 'in_progress'")
    op.create_index("ix_visit_live", "visit", ["ends_at"], postgresql_where="state IN ('scheduled','open')")
    op.create_index("ix_visit_org_id_starts_at", "visit", ["org_id", "starts_at"])


def _make_handover() -> None:
    op.create_table(
        "handover",
        sa.Column("code_hash", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("launch_id", sa.String(), nullable=False),
        sa.Column("visit_id", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["launch_id"], ["launch.id"], name=op.f("fk_handover_launch_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_handover_org_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_handover_visit_id")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_handover")),
    )


def _make_participant() -> None:
    op.create_table(
        "participant",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("visit_id", sa.String(), nullable=False),
        sa.Column("seat_id", sa.String(), nullable=True),
        sa.Column("user_ref", sa.String(), nullable=True),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("tab", sa.String(), nullable=True),
        sa.Column("gone_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("device", postgresql.JSONB(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_waiting_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiting_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("arrival_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=True),
        sa.Column("admitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_connected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reconnects", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_participant_org_id")),
        sa.ForeignKeyConstraint(["seat_id"], ["seat.id"], name=op.f("fk_participant_seat_id")),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_participant_visit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participant")),
        sa.UniqueConstraint("visit_id", "seat_id", name=op.f("uq_participant_visit_id_seat_id")),
        sa.UniqueConstraint("visit_id", "user_ref", name=op.f("uq_participant_visit_id_user_ref")),
    )
    op.create_index(
        "ix_participant_gone",
        "participant",
        ["gone_since"],
        postgresql_where="gone_since IS NOT NULL",
    )
    op.create_index("ix_participant_present", "participant", ["id"], postgresql_where="present")
    op.create_index("ix_participant_seat_id", "participant", ["seat_id"])


def _make_typed_address() -> None:
    op.create_table(
        "typed_address",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("key_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_typed_address_message_id")),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], name=op.f("fk_typed_address_org_id")),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_typed_address")),
    )
