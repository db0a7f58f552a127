"""Pictures drawn in the browser: each takes a record and a key, and computes nothing."""
