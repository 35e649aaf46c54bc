"""Pages of referrals: `inbox` is the queue and one referral with its answers."""
