"""HL7 version 2 over MLLP: frames, messages, and what a schedule message (SIU) says."""
