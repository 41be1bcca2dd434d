"""The people the clinic begins with; every number is in the range kept for fiction."""

from datetime import date
from typing import Final

from housecall.sandbox.people import Location, Patient, Phone, Practitioner

PRACTITIONERS: Final = (
    Practitioner("593101", "Okonjo", "Amara", "MD", "1215990011", "aokonjo"),
    Practitioner("593102", "Lindqvist", "Per", "MD", "1215990029", "plindqvist"),
    Practitioner("593103", "Castellanos", "Inés", "NP", "1215990037", "icastellanos"),
    Practitioner("593104", "Haddad", "Samir", "MD", "1215990045", "shaddad"),
    Practitioner("593105", "Brightwater", "June", "LCSW", "1215990052", "jbrightwater"),
)
LOCATIONS: Final = (
    Location("21304101", "Prairie View Main", "PV MAIN"),
    Location("21304102", "Prairie View Virtual Care", "PV VIRT"),
    Location("21304103", "Prairie View Behavioral Health", "PV BH"),
)

# family, given, birth date, gender, language; each gets a mobile number and an e-mail address.
_PLAIN: Final = (
    ("Whitcombe", "Dorothy", "1947-03-11", "female", "en"),
    ("Abernathy", "Lucille", "1961-08-02", "female", "en"),
    ("Kowalczyk", "Raymond", "1958-12-19", "male", "en"),
    ("Fairbanks", "Theo", "1989-05-27", "male", "en"),
    ("Oyelaran", "Grace", "1974-10-14", "female", "en"),
    ("Pemberton", "Walter", "1946-01-30", "male", "en"),
    ("Nakagawa", "Ellen", "1983-07-08", "female", "en"),
    ("Delacroix", "Marcus", "1995-02-21", "male", "en"),
    ("Stonebridge", "Alma", "1969-11-05", "female", "en"),
    ("Vandermeer", "Joan", "1952-06-16", "female", "en"),
    ("Ashgrove", "Tyrell", "2001-09-09", "male", "en"),
    ("Quillfeather", "Beatrice", "1978-04-23", "female", "en"),
    ("Mortensen", "Kirsten", "1955-09-18", "female", "da"),
    ("Østergaard", "Søren", "1982-03-03", "male", "da"),
    ("Kjærulff", "Mette", "1991-12-01", "female", "da"),
    ("Villanueva", "Rosario", "1966-05-13", "female", "es"),
    ("Ibáñez", "Joaquín", "1987-08-29", "male", "es"),
    ("Zamorano", "Lucía", "1949-02-07", "female", "es"),
    ("الحداد", "ليلى", "1979-06-20", "female", "ar"),
    ("منصور", "يوسف", "1963-10-25", "male", "ar"),
    ("الخطيب", "مريم", "1998-01-15", "female", "ar"),
    ("Warsame", "Hodan", "1985-04-04", "female", "so"),
)


def seed_patients() -> list[Patient]:
    """All patients at the start: plain ones first, then one for every oddity of a real register."""
    patients = []
    for index, (family, given, born, gender, language) in enumerate(_PLAIN):
        patients.append(_patient(index, family, given, born, gender, language))
        patients[-1].needs_interpreter = language == "so"
    return patients + _odd_ones(len(patients))


def _patient(index: int, family: str, given: str, born: str, gender: str, language: str = "en") -> Patient:
    return Patient(
        id=str(12880100 + index),
        mrn=str(700310 + index * 7),
        family=family,
        given=given,
        birth_date=date.fromisoformat(born),
        gender=gender,
        language=language,
        phones=[Phone(f"+131255501{index + 10:02d}", rank="1")],
        email=f"patient{index + 1}@mail.example",
    )


def _odd_ones(first: int) -> list[Patient]:
    home_only = _patient(first, "Thistlewood", "Edgar", "1939-07-22", "male")
    home_only.phones = [Phone("+17085550161", use="home", rank=1)]
    stale = _patient(first + 1, "Marlowe", "Nadia", "1971-03-28", "female")
    stale.phones = [Phone("+17735550162", is_over=True, rank=1), Phone("+17735550163", rank=2)]
    several = _patient(first + 2, "Hollingberry", "Ross", "1968-11-11", "male")
    several.phones = [
        Phone("+17085550164", use="work", rank=1),
        Phone("+17085550165", rank="3"),
        Phone("+17085550166", rank="2"),
    ]
    by_mail = _patient(first + 3, "Penhaligon", "Vera", "1960-05-05", "female")
    by_mail.reminders_by = "email"
    by_text = _patient(first + 4, "Underhill", "Moses", "1993-08-17", "male")
    by_text.reminders_by = "sms"
    unreachable = _patient(first + 5, "Larkspur", "Irene", "1944-12-24", "female")
    unreachable.phones, unreachable.email = [], None
    dead = _patient(first + 6, "Greywood", "Harold", "1935-02-02", "male")
    dead.died_on = date(2026, 3, 9)
    merged = _patient(first + 7, "Whitcomb", "Dorothea", "1947-03-11", "female")
    merged.is_active, merged.merged_into = False, "12880100"
    return [home_only, stale, several, by_mail, by_text, unreachable, dead, merged]
