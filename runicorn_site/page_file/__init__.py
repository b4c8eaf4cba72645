"""One HTML file of runs that is read without a server: interactive charts, config, log, pictures."""
