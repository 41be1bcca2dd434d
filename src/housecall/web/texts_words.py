"""What the texts step says: states, faults and troubles as sentences that name the next thing to do."""

from typing import Final

STATES: Final = {
    "requested": "Asked for",
    "provisioning": "On its way",
    "active": "Working",
    "failed": "Not to be had",
}

KINDS: Final = {"toll_free": "Toll-free", "local": "Local", "mobile": "Mobile"}

COUNTRIES: Final = {
    "US": "United States",
    "CA": "Canada",
    "GB": "United Kingdom",
    "DK": "Denmark",
    "ES": "Spain",
    "SE": "Sweden",
    "NO": "Norway",
    "DE": "Germany",
    "NL": "Netherlands",
    "IE": "Ireland",
    "AU": "Australia",
}

PROVIDERS: Final = {
    "gateway": "Text gateway",
    "twilio": "Twilio",
    "azure": "Azure Communication Services",
}

FAULTS: Final = {
    "no_number_available": "The provider has no such number in this country now. Try again, or choose another kind.",
    "refused": "The provider refused to sell this number. It may want an address or papers first: see its portal.",
    "not_allowed": "The provider did not let us in, or the account may not buy. Check its key and its credit.",
    "no_provider": "There is no account with this provider, or it sells no numbers. Ask whoever installed Housecall.",
    "unclear": (
        "The provider did not say whether it took our request, so we did not ask twice. Look at its list of numbers: "
        "if the number is there, bring it below."
    ),
    "took_too_long": (
        "It took longer than two minutes. Try again: what was bought meanwhile is found, and not bought a second time."
    ),
    "code_expired": "The code was not typed in time. Ask for a new one.",
    "other": "The provider could not set the number up, and did not say why. Try again.",
}

TROUBLES: Final = {
    "address_wrong": "The provider's address is wrong: it answers that there is nothing. Check it letter by letter.",
    "key_refused": "The provider does not accept our key. Put in the newest one.",
    "sender_not_ours": "The number that texts leave from is not on this account, the provider says. Link another one.",
    "sender_not_verified": "The carriers want this number verified before they let texts through. Send in the form.",
    "country_not_allowed": "The account may not text to this country. Allow it in the provider's own portal.",
    "out_of_credit": "The account is used up. Pay it in, and the texts leave by themselves.",
    "not_installed": "The provider's package is missing on the server: install housecall[twilio] or housecall[azure].",
}
