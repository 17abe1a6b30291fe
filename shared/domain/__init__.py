"""The domain: plain values and rules, standard library only."""
