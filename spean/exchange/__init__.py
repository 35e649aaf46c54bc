"""What leaves the system as a list: exports, rare, approved, encrypted to their recipient, and marked."""
