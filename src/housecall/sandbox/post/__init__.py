"""The make-believe post: a mail server that refuses what real ones refuse, and the letters it took."""
