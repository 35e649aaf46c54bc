"""What organisations offer: services, places, who is eligible, how many places are free. HSDS names."""
