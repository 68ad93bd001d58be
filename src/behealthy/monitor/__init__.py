"""What the system sees of itself: the data, the model, the work, and whom it tells."""
