"""Who works and comes to Prairie View Clinic: synthetic people, their charts, and a day's appointments."""
