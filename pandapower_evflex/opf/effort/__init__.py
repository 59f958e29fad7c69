"""The best that can be had where no schedule keeps every limit and need."""
