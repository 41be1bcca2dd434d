"""Planted people, and the search for them in every place where they must not be."""

import json
from dataclasses import dataclass, field
from typing import Any

import psycopg

from housecall.db.embedded import EmbeddedPostgres
from tests.stories.demo import Demo

FAMILY, GIVEN = "Zyxquillon", "Marvabelle"
BORN = "1931-02-17"
NUMBER = "+13125550987"
MAIL = "marvabelle.z@zyxmail.example"
MRN = "MRN-77-ZYX-31"
TYPED_NUMBER = "+13125550654"

DOCTOR_FAMILY, DOCTOR_GIVEN, DOCTOR_LOGIN = "Vorpalmann", "Ondrejka", "ovorpal77"
DOCTOR_NPI = "1888777665"


@dataclass
class Planted:
    """A patient and a clinician who exist nowhere else, so that each trace of them is a leak."""

    patient_id: str
    doctor_id: str
    # The same person on record once more, so that a chart of theirs holds the visit in Teams and no other.
    again_id: str
    tokens: list[str] = field(default_factory=list)

    @property
    def of_patient(self) -> list[str]:
        """What says who the patient is; the number also without its plus, as an address would carry it."""
        shown = [FAMILY, GIVEN, BORN, "02/17/1931", "Feb 17, 1931", NUMBER, NUMBER[1:], "(312) 555-0987"]
        return [*shown, MAIL, MRN, self.patient_id, self.again_id, TYPED_NUMBER, TYPED_NUMBER[1:]]

    @property
    def of_clinician(self) -> list[str]:
        """What says who the clinician is; their id is the one thing of a person that we store."""
        return [DOCTOR_FAMILY, DOCTOR_GIVEN, DOCTOR_LOGIN, DOCTOR_NPI]


def plant(demo: Demo) -> Planted:
    """Both are on record in the EHR."""
    patient, again = (_plant_patient(demo, mrn) for mrn in (MRN, f"{MRN}-B"))
    doctor = demo.http.post(
        f"{demo.sandbox}/sandbox/people",
        json={
            "kind": "practitioner",
            "family": DOCTOR_FAMILY,
            "given": DOCTOR_GIVEN,
            "login": DOCTOR_LOGIN,
            "npi": DOCTOR_NPI,
        },
    )
    assert doctor.status_code == 201, doctor.text
    return Planted(patient, doctor.json()["id"], again)


def _plant_patient(demo: Demo, mrn: str) -> str:
    person = {
        "family": FAMILY,
        "given": GIVEN,
        "birth_date": BORN,
        "phone": NUMBER,
        "email": MAIL,
        "mrn": mrn,
    }
    answer = demo.http.post(f"{demo.sandbox}/sandbox/people", json=person)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def only_connection(server: EmbeddedPostgres) -> str:
    """The id of the demo's connection."""
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        [(found,)] = connection.execute("SELECT id FROM connection").fetchall()
    return str(found)


def find_in(text: str, wanted: list[str]) -> list[str]:
    """Those of ``wanted`` that stand in the text, whatever their case."""
    folded = text.casefold()
    return [one for one in wanted if one.casefold() in folded]


def every_row(server: EmbeddedPostgres) -> dict[str, str]:
    """Every table of every database of ours as text, bytes in hex and as they read."""
    found: dict[str, str] = {}
    with psycopg.connect(server.dsn, autocommit=True) as connection:
        names = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, table in names:
            rows = connection.execute(f'SELECT * FROM "{schema}"."{table}"').fetchall()  # type: ignore[arg-type]
            found[f"{schema}.{table}"] = "\n".join(_as_text(row) for row in rows)
    return found


def _as_text(row: tuple[Any, ...]) -> str:
    cells = []
    for value in row:
        if isinstance(value, bytes | memoryview):
            raw = bytes(value)
            cells.append(raw.hex() + " " + raw.decode("latin-1"))
        elif isinstance(value, dict | list):
            cells.append(json.dumps(value, ensure_ascii=False))
        else:
            cells.append(str(value))
    return " | ".join(cells)
