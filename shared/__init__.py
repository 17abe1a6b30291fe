"""What every side knows: domain, store, services, settings. Never imports numpy, Pillow, Keras or Flask."""
