"""Text -> a recording that must be heard before it is aired, behind one SpeechEngine."""
