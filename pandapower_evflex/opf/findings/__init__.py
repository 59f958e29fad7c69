"""What stands in the way of a schedule, as a table and in words."""
