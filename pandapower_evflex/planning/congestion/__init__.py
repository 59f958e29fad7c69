"""What is overloaded after a fault, and what is bought or shed against it."""
