"""The command line: the same services as the page, and the supervisor that runs everything on one machine."""
