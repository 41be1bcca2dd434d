"""The make-believe hospital: an EHR with Millennium's manners, a phone, a mailbox and a number provider.

It runs as a process of its own (``python -m housecall.sandbox``), holds synthetic people only, and speaks to
Housecall over the same wires a hospital would: SMART, FHIR, a text gateway and signed hooks.
"""

from housecall.sandbox.app import sandbox_app
from housecall.sandbox.options import SandboxOptions

__all__ = ["SandboxOptions", "sandbox_app"]
