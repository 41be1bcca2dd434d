"""Meeting services behind one port: built-in rooms now; others declare what they can do."""
