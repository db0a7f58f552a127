"""Charts: pure functions from records to tables and figures, independent of the page that shows them."""
