"""Signature sounds of our own, made by code in this folder; see README.md for their licence."""
