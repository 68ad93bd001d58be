"""What people wrote and marked: reading, writing, splitting."""
