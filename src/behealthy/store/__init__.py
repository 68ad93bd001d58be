"""What the system remembers: one database, notes encrypted in it."""
