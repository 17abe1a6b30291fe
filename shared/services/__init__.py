"""Use cases as plain functions of a Context; pages, API and command line call these and nothing deeper."""
