"""Sound cards: a real one through ALSA, and virtual ones that discard or write a file."""
