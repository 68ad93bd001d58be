"""The routes, one resource a file, each thin: it asks the room that does the work, and gives the answer its form."""
