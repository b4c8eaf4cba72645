"""The demonstration: a search for good settings of small networks that read handwritten digits.

It needs numpy; nothing else of the library imports it.
"""
