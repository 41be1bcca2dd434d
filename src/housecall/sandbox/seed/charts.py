"""What a chart shows besides appointments: problems, medicines, allergies, measures, results. All made up."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from housecall.sandbox.people import Patient

_PROBLEMS: Final = (
    ("Essential hypertension", "I10", "2016"),
    ("Type 2 diabetes mellitus", "E11.9", "2014"),
    ("Seasonal allergic rhinitis", "J30.2", "2009"),
    ("Osteoarthritis of the knee", "M17.9", "2019"),
    ("Mild intermittent asthma", "J45.20", "2003"),
    ("Hypothyroidism", "E03.9", "2018"),
    ("Generalized anxiety disorder", "F41.1", "2021"),
    ("Hyperlipidemia", "E78.5", "2015"),
    ("Migraine without aura", "G43.009", "2012"),
    ("Chronic low back pain", "M54.50", "2020"),
)
_MEDICINES: Final = (
    ("Lisinopril 10 mg tablet", "1 tablet by mouth daily"),
    ("Metformin 500 mg tablet", "1 tablet twice daily"),
    ("Cetirizine 10 mg tablet", "1 tablet daily as needed"),
    ("Acetaminophen 500 mg tablet", "1-2 every 6 hours"),
    ("Albuterol 90 mcg inhaler", "2 puffs as needed"),
    ("Levothyroxine 50 mcg tablet", "1 tablet in the morning"),
    ("Sertraline 50 mg tablet", "1 tablet daily"),
    ("Atorvastatin 20 mg tablet", "1 tablet at bedtime"),
    ("Sumatriptan 50 mg tablet", "1 at onset, may repeat once"),
    ("Naproxen 250 mg tablet", "1 tablet twice daily"),
)
_ALLERGIES: Final = (
    "No known allergies",
    "Penicillin (rash)",
    "No known allergies",
    "Sulfonamides (hives)",
    "Latex (contact)",
    "No known allergies",
    "Peanut (anaphylaxis)",
)


@dataclass(frozen=True)
class Measure:
    """One reading; ``flag`` is empty, H or L."""

    name: str
    value: str
    unit: str
    usual: str
    on: date
    flag: str = ""


@dataclass(frozen=True)
class Chart:
    """The clinical part of one chart."""

    problems: list[tuple[str, str, str]]
    medicines: list[tuple[str, str]]
    allergies: str
    vitals: list[Measure]
    results: list[Measure]


def chart_of(patient: Patient, today: date) -> Chart:
    """The same chart for the same person every time."""
    spin = sum(map(ord, patient.id + patient.mrn))
    chosen = sorted({(spin * step + step) % len(_PROBLEMS) for step in (1, 3, 7)})
    return Chart(
        problems=[_PROBLEMS[index] for index in chosen],
        medicines=[_MEDICINES[index] for index in chosen],
        allergies=_ALLERGIES[spin % len(_ALLERGIES)],
        vitals=_vitals(spin, today - timedelta(days=20 + spin % 60)),
        results=_results(spin, today - timedelta(days=30 + spin % 90)),
    )


def _vitals(spin: int, on: date) -> list[Measure]:
    systolic = 112 + spin % 34
    return [
        Measure(
            "Blood pressure",
            f"{systolic}/{68 + spin % 20}",
            "mmHg",
            "90-130/60-85",
            on,
            "H" if systolic > 130 else "",
        ),
        Measure("Pulse", str(58 + spin % 34), "/min", "60-100", on, "L" if spin % 34 < 2 else ""),
        Measure("Temperature", f"{36.4 + spin % 9 / 10:.1f}", "°C", "36.1-37.5", on),
        Measure("SpO2", str(95 + spin % 5), "%", "≥ 94", on),
        Measure("Weight", str(54 + spin % 44), "kg", "", on),
    ]


def _results(spin: int, on: date) -> list[Measure]:
    a1c, ldl = 5.1 + spin % 28 / 10, 74 + spin % 90
    return [
        Measure("Hemoglobin A1c", f"{a1c:.1f}", "%", "4.0-5.6", on, "H" if a1c > 5.6 else ""),
        Measure("LDL cholesterol", str(ldl), "mg/dL", "< 130", on, "H" if ldl >= 130 else ""),
        Measure("Creatinine", f"{0.7 + spin % 6 / 10:.1f}", "mg/dL", "0.6-1.2", on),
        Measure("Potassium", f"{3.7 + spin % 12 / 10:.1f}", "mmol/L", "3.5-5.1", on),
        Measure("TSH", f"{1.1 + spin % 30 / 10:.1f}", "mIU/L", "0.4-4.5", on),
        Measure("Hemoglobin", f"{12.2 + spin % 30 / 10:.1f}", "g/dL", "12.0-16.0", on),
    ]
