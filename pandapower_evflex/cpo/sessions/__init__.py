"""From sessions at outlets to rates."""
