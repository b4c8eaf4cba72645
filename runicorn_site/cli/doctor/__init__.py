"""`runicorn doctor`: check the installation and the machine."""
