"""A run as one file that can be taken elsewhere: packed into a ZIP archive, and unpacked with suspicion."""
