"""One module per subcommand: NAME, SUMMARY, EXAMPLES, `add_arguments(parser)`, `run(given)` -> exit code or None."""
