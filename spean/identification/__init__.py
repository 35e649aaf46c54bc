"""The competent authority: interview, decision with reasons by two officers, review."""
