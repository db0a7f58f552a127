"""What is looked at, in the address of the page: reload it or send it on, and the same view comes."""
