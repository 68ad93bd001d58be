"""People read what the model found, correct it, and what they say is gold."""
