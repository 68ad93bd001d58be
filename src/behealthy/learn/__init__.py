"""How a model comes to be, and how good it is."""
