"""The make-believe authorization server: SMART App Launch 2.2 with Millennium's manners."""
