"""Jobs of the lists room, run by `spean worker`. Their arguments are ids and nothing else.

They take minutes and much memory, so one runs at a time (`lock`), and the worker has room for another job beside it.
"""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from spean.lists import delivering, estimating, linking
from spean.lists.models import Delivery, Linking


@app.task(queue="lists", lock="lists", retry=RetryStrategy(max_attempts=3, wait=60))
def take_in(delivery_id: str) -> None:
    """Read a file that was sent, line by line. A run that was broken off is begun again."""
    delivering.take_in(Delivery.objects.select_related("partner_list", "delivered_by").get(pk=delivery_id))


@app.task(queue="lists", lock="lists", retry=RetryStrategy(max_attempts=3, wait=60))
def link_lists(linking_id: str) -> None:
    """Link all lists, in memory, and say what their overlap tells of those on none."""
    row = Linking.objects.select_related("started_by").get(pk=linking_id)
    linking.run(row)
    estimating.estimate(row)
