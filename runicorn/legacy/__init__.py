"""Names and import paths of Runicorn 0.5 to 0.7 that only older scripts use.

This folder is on the search path of the package: `runicorn.sdk` is `legacy/sdk.py`.
"""
