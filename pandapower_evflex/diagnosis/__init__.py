"""What is wrong with a net, or odd about it, before anything is run on it."""
