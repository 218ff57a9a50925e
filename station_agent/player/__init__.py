"""The player: puts each sound on the card at the frame that belongs to its instant."""
