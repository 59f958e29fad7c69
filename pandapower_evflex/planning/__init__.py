"""What a fault costs, what to do about it, and when."""
