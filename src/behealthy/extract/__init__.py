"""The pure core: a note in, an extraction out. No files, no logging, no settings."""
