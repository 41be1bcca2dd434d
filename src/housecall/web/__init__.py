"""Every URL, by audience: launch, panel, patient, portal, api, hooks, sockets, operation."""
