"""Housecall: a self-hosted connector between electronic health records and video visits."""

__version__ = "0.1.0"
