"""The synthetic people and places of the clinic."""

from dataclasses import dataclass, field
from datetime import date
from typing import Final

LANGUAGES: Final = {"en": "English", "da": "Danish", "es": "Spanish", "ar": "Arabic", "so": "Somali"}


@dataclass
class Phone:
    """One number of a patient, in international form; shown by FHIR without its country code."""

    number: str
    use: str = "mobile"
    rank: int | str | None = None  # Millennium sends it as a number or as a text
    is_over: bool = False


@dataclass
class Patient:
    """A make-believe patient."""

    id: str
    mrn: str
    family: str
    given: str
    birth_date: date
    gender: str = "female"
    language: str = "en"
    phones: list[Phone] = field(default_factory=list)
    email: str | None = None
    reminders_by: str | None = None  # the patient's own wish in the EHR: sms, phone, email, fax
    is_active: bool = True
    died_on: date | None = None
    merged_into: str | None = None
    needs_interpreter: bool = False

    @property
    def name(self) -> str:
        """The name as a person reads it."""
        return f"{self.given} {self.family}"

    @property
    def listed(self) -> str:
        """The name as charts list it: family name first, in capitals."""
        return f"{self.family.upper()}, {self.given}"

    @property
    def language_name(self) -> str:
        """The language in English, or its code."""
        return LANGUAGES.get(self.language, self.language)

    @property
    def mobile(self) -> str | None:
        """The mobile number in use, lowest rank first."""
        mobiles = [phone for phone in self.phones if phone.use == "mobile" and not phone.is_over]
        mobiles.sort(key=lambda phone: int(phone.rank or 99))
        return mobiles[0].number if mobiles else None

    @property
    def is_plain(self) -> bool:
        """Whether a text in English reaches this person: what a newcomer's first appointment needs."""
        wants_texts = self.reminders_by in (None, "sms")
        return (
            self.is_active
            and not self.died_on
            and self.language == "en"
            and wants_texts
            and bool(self.mobile)
        )

    def age_on(self, day: date) -> int:
        """Completed years of life."""
        had_birthday = (day.month, day.day) >= (self.birth_date.month, self.birth_date.day)
        return day.year - self.birth_date.year - (0 if had_birthday else 1)


@dataclass
class Practitioner:
    """A make-believe clinician."""

    id: str
    family: str
    given: str
    title: str = "MD"
    npi: str = ""
    login: str = ""
    phone: str = "3125550100"
    is_active: bool = True

    @property
    def email(self) -> str:
        """The address at work, by which the directory knows them."""
        return f"{self.login or self.id}@prairieview.example"

    @property
    def listed(self) -> str:
        """The name as Millennium lists it."""
        return f"{self.family} {self.title}, {self.given}"

    @property
    def name(self) -> str:
        """The name as a person reads it."""
        return f"{self.given} {self.family}, {self.title}"


@dataclass
class Location:
    """A place of the clinic."""

    id: str
    name: str
    alias: str
