"""Clinical notes in, diseases and treatments out."""
