"""The methods: from a case to a schedule that keeps every limit."""
