"""The make-believe Microsoft 365 tenant: sign-in for apps, a strict Graph, and Teams' own join page."""
