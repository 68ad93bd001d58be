"""The story of the loop, each flow a page that reads from top to bottom."""
