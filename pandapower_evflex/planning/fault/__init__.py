"""The grid after a fault: what is dark, and which switches bring supply back."""
