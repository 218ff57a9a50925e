"""Vietnamese notices as they are read aloud: numbers, dates, acronyms and document numbers."""
