"""Charts: pure functions from records to figures, which know nothing of the page that they stand on."""
