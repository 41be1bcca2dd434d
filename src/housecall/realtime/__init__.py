"""Sockets: their protocol, fan-out and the signalling relay. Knows topics and peers, not what a visit is."""
