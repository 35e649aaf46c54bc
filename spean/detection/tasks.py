"""Jobs of the detection room, run by `spean worker`."""

from procrastinate.contrib.django import app

from spean.detection import actions
from spean.detection.models import Arrival, Informant
from spean.privacy import retention


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="destroy_keys_of_refused")
def destroy_keys_of_refused(timestamp: int) -> int:
    """Finish what a break between a refusal and the destruction of its key left undone."""
    return actions.destroy_keys_of_refused()


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="destroy_informants")
def destroy_informants(timestamp: int) -> int:
    """Destroy the identity of callers whose days are over."""
    return retention.destroy_due(Informant, "informant.destroyed")


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="destroy_arrivals")
def destroy_arrivals(timestamp: int) -> int:
    """Destroy the lists of arrivals whose days are over."""
    return retention.destroy_due(Arrival, "arrival.destroyed")
