"""The only code that speaks to Redis or lays out the data folder."""
