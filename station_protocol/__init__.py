"""The wire contract of centre and stations: topics, messages, signatures, sound in pieces."""
