"""One file for each framework: the nets of nets.py in it, with the settings that are best for it."""
