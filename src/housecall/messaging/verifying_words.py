"""What the carriers' check of a number says to administrators: how it is, and the one thing to do about each fault."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from housecall.messaging.number_model import Verification
from housecall.messaging.number_model import VerificationFault as Fault
from housecall.messaging.tables import PhoneNumber

STATES: Final = {
    Verification.not_needed: "",
    Verification.approved: "Approved by the carriers.",
    Verification.needed: (
        "Not begun: carriers in the United States and Canada hold back texts from such numbers until a form about your "
        "organisation was approved."
    ),
    Verification.pending: (
        "Under review by the carriers. That takes some days; until then they may hold back texts."
    ),
    Verification.rejected: "Rejected by the carriers: they hold back texts from it.",
    Verification.unknown: (
        "This provider does not tell us whether the carriers have approved the number: look in its own portal."
    ),
}

# One thing to do for each.
FAULTS: Final = {
    Fault.business_not_found: (
        "They did not find your organisation by what was written. Put in its legal name letter by letter as on its tax "
        "papers, and its registration number (EIN), with a paper that shows both."
    ),
    Fault.address_invalid: (
        "The address is not one they know. Write street, city, state and postal code as the post does."
    ),
    Fault.contact_unfit: (
        "The contact is not one of yours to them. Name somebody who works there, with an e-mail address of your domain."
    ),
    Fault.website_unfit: (
        "They could not open the website, or it is not yours to them. Put in your public one, without a sign-in."
    ),
    Fault.consent_unclear: (
        "They did not see how patients agree to texts. Attach the form or the words by which they do: that it is for "
        "texts, how many, that rates may apply, and that STOP ends them."
    ),
    Fault.policy_unfit: (
        "Your privacy policy or terms do not satisfy them. The policy must say that phone numbers and consents are not "
        "passed on for marketing; put in the address of both."
    ),
    Fault.samples_unfit: (
        "The sample texts do not fit. Copy two from the page “What messages say”, with your organisation's name and "
        "“Reply STOP”."
    ),
    Fault.description_unfit: (
        "The purpose is not clear to them. Choose appointment reminders or health care alerts, and write that patients "
        "get the link and the time of a video visit they booked."
    ),
    Fault.content_forbidden: (
        "They took your texts for a kind they forbid. Write to the provider's support: what you do, and what you send."
    ),
    Fault.number_not_in_service: (
        "The number is not set up at the provider yet. Wait until it is, and send the form in anew."
    ),
    Fault.number_not_in_campaign: (
        "Your campaign is there, but this number is not in it. Add the number to the senders of its messaging service."
    ),
    Fault.campaign_missing: "Your brand is known, but there is no campaign. Register one for appointment reminders.",
    Fault.withdrawn: "The form was withdrawn. Send in a new one.",
    Fault.time_expired: "The time for mending the form ran out. Send in a new one, with what was asked for.",
    Fault.suspended: "The carriers have suspended it. Write to the provider's support: they say what has to change.",
    Fault.carrier_refused: "A carrier refused it and gave no reason. Write to the provider's support.",
    Fault.provider_fault: "The provider's own check went wrong. Send the same form in again.",
    Fault.other: "They gave a reason that we do not know. Read it in the provider's own portal.",
}

_PLACES: Final = {
    ("twilio", "toll_free"): "Twilio console: Phone Numbers, Regulatory Compliance, Toll-free verification.",
    ("twilio", "local"): "Twilio console: Messaging, Regulatory Compliance, A2P 10DLC.",
    ("azure", "toll_free"): "Azure portal: your resource, Regulatory Documents, toll-free verification.",
    ("azure", "local"): "Azure portal: your resource, Phone numbers, brand and campaign.",
}
_TO_DO: Final = frozenset({Verification.needed, Verification.rejected, Verification.unknown})


@dataclass(frozen=True)
class Said:
    """How a number stands with the carriers, what to do about each fault, and where it is done."""

    state: str
    faults: tuple[str, ...] = ()
    place: str = ""

    @property
    def what_to_do(self) -> str:
        """All of it that is to be done, as one text."""
        return " ".join(part for part in (*self.faults, self.place) if part)


def say(number: PhoneNumber) -> Said:
    """How it stands with the number."""
    state = Verification(number.verification)
    return Said(
        STATES[state],
        tuple(FAULTS[Fault(one)] for one in number.verification_faults),
        _PLACES.get((number.provider, number.kind), "") if state in _TO_DO else "",
    )


def warn_of(numbers: Sequence[PhoneNumber]) -> list[str]:
    """One sentence for each number whose texts the carriers may hold back."""
    found = ((number, say(number)) for number in numbers)
    return [
        " ".join(part for part in (f"{number.number}:", said.state, said.what_to_do) if part)
        for number, said in found
    ]
