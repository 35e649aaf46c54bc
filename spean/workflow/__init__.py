"""Every lifecycle on one page (`tables.py`) and the engine that moves things along it (`engine.py`)."""
