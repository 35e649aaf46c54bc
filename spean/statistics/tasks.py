"""Jobs of the statistics, run by `spean worker`. Their arguments are ids and nothing else.

One counts at a time (`lock`): it takes much memory. The worker has room for another job beside it.
"""

from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from spean.statistics import actions
from spean.statistics.models import Edition


@app.task(queue="statistics", lock="statistics", retry=RetryStrategy(max_attempts=3, wait=60))
def count_edition(edition_id: str) -> None:
    """Count an edition and keep its draft. A run that was broken off is begun again."""
    actions.count_edition(Edition.objects.select_related("drafted_by", "corrects").get(pk=edition_id))
