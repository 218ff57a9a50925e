"""Documents on paper: what they say, in the words of the screens, ready for the press."""
