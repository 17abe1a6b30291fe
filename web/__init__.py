"""The web side: pages for people and an API for programs, over shared.services and nothing deeper."""
