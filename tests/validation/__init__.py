"""What docs/validation.md says, and the command that produces it: `python -m tests.validation [section ...]`."""
