"""Other form engines on the phone of `tests/bench/field.py`: ODK Web Forms and Enketo, built outside the checkout."""
