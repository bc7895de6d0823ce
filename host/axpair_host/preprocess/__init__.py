"""What prepares the product's input as a suspect: run on the case's file, and held against gt/input."""
