"""New people, made when the clinic runs out of patients without a visit that day."""

from datetime import date
from typing import Final

from housecall.sandbox.people import Patient, Phone
from housecall.sandbox.world import World

_GIVEN: Final = (
    "Ada", "Boyd", "Cora", "Dale", "Edith", "Floyd", "Gwen", "Hank", "Iris", "Jonas", "Kay", "Lyle", "Mabel",
    "Ned", "Opal", "Perry", "Queenie", "Rufus", "Stella", "Thad", "Una", "Vince", "Wilma", "Yves", "Zora",
)  # fmt: skip
_FAMILY: Final = (
    "Alderbrook", "Barrowclough", "Crowfoot", "Dunmore", "Everglade", "Fernsby", "Gaskill", "Hawthornway",
    "Inglewood", "Juniper", "Kestrel", "Loxley", "Merriweather", "Nettlefield", "Oakhurst", "Pickering",
    "Quarrington", "Rookwood", "Sandiford", "Tillinghast", "Underwoode", "Vexley", "Wexcombe", "Yarborough",
)  # fmt: skip
# Exchange 555, last four 0100-0199: kept for fiction in every area code.
_AREAS: Final = (
    312, 773, 708, 847, 630, 815, 217, 309, 618, 872, 224, 331, 779, 447, 730, 861, 464, 262, 414, 608, 715,
    920, 534, 219, 260, 317, 463, 574, 765, 812, 930, 319, 515, 563, 641, 712, 314, 417, 573, 636, 660, 816,
    218, 320, 507, 612, 651, 763, 952, 216, 220, 234, 330, 380, 419, 440, 513, 567, 614, 740, 937, 231, 248,
    269, 313, 517, 586, 616, 734, 810, 906, 947, 989, 303, 402, 405, 505, 602, 702, 801, 206, 503, 208, 406,
)  # fmt: skip


def make_patient(world: World) -> Patient:
    """A new English-speaking patient with a mobile number nobody else has."""
    patient_id = world.new_id()
    spin = int(patient_id)
    patient = Patient(
        id=patient_id,
        mrn=str(900000 + len(world.record.patients)),
        family=_FAMILY[spin // len(_GIVEN) % len(_FAMILY)],
        given=_GIVEN[spin % len(_GIVEN)],
        birth_date=date(1940 + spin % 60, 1 + spin % 12, 1 + spin % 28),
        gender="female" if spin % 2 else "male",
        phones=[Phone(free_number(world), rank="1")],
        email=f"patient{patient_id}@mail.example",
    )
    world.add_patient(patient)
    return patient


def free_number(world: World) -> str:
    """A fictional number that no patient has."""
    # The number of people is where the search begins, so that thousands can be made without a crawl.
    capacity = len(_AREAS) * 100
    for step in range(capacity):
        place = (len(world.record.patients) + step) % capacity
        number = f"+1{_AREAS[place // 100]}55501{place % 100:02d}"
        if number not in world.numbers:
            return number
    # Beyond eight thousand people numbers of the exchange 555 outside the reserved hundred are used.
    count = len(world.numbers)
    return f"+1{_AREAS[count % len(_AREAS)]}555{2000 + count // len(_AREAS) % 8000:04d}"
