"""The day itself: calls of flexibility, what they leave, and the plan renewed."""
