"""What is wired to the station beside its sound card."""
