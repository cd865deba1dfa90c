"""The progress statement, its ties and its files."""
