"""What the machine says of itself, and a watch over the agent's own loop."""
