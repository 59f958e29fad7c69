"""What can be scheduled: one module per kind of flexible element."""
