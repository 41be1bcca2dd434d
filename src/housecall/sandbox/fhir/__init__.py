"""The make-believe FHIR R4 server: Millennium's rules and shapes, its traps included."""
