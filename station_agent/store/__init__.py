"""What a station keeps: journal, plan, sound, and a sign of its own life."""
