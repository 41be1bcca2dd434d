"""What an address says it is for."""

import pytest

from housecall.ehr.environments import environment_hint


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("https://fhir-ehr-code.cerner.com/r4/0b8a0111-e8e6-4c26-a91c-5069cbc6b1ca", "test"),
        ("https://fhir-ehr.cerner.com/r4/0b8a0111-e8e6-4c26-a91c-5069cbc6b1ca", "production"),
        ("https://fhir-ehr.cerner.com/r4/ec2458f2-1e24-41c8-b71b-0e701af7583d", "test"),
        ("https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4", "test"),
        ("https://epicproxy-np.hospital.example/FHIR/R4", "test"),
        ("https://fhir.hospital.example/TST/api/FHIR/R4", "test"),
        ("https://fhir.hospital.example/non-prod/R4", "test"),
        ("https://fhir.hospital.example/PRD/api/FHIR/R4", "production"),
        ("https://ehr.hospital.dev/r4", None),
        ("https://latest.hospital.example/attestation/r4", None),
        ("http://127.0.0.1:8001/fhir", None),
    ],
)
def test_the_environment_is_read_from_hosts_and_words_of_the_address(address, hint):
    assert environment_hint(address) == hint
