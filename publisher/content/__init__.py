"""Pure text work: from what editors write to clean, complete HTML and plain text."""
