"""What is read once and kept for all visitors, within a bound of memory."""
