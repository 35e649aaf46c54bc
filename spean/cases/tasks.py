"""Jobs of the cases room, run by `spean worker`."""

from procrastinate.contrib.django import app

from spean.cases import attaching, erasure, notices, sharing


@app.periodic(cron="* * * * *")
@app.task(pass_context=False)
def mail_emergency_notices(timestamp: int = 0) -> int:
    """At once when something happened, and each minute for what could not be sent."""
    return notices.mail_emergency_notices()


@app.periodic(cron="5 * * * *")
@app.task(queueing_lock="narrow_expired")
def narrow_expired(timestamp: int) -> int:
    """What rested on an agreement that ran out is closed, and whoever received something is told."""
    return sharing.narrow_expired()


@app.periodic(cron="*/10 * * * *")
@app.task(queueing_lock="finish_erasures")
def finish_erasures(timestamp: int) -> int:
    """Destroy what was confirmed to be destroyed, also after a break or a restore."""
    return erasure.finish_erasures()


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="remove_lost_files")
def remove_lost_files(timestamp: int) -> int:
    """Take away files whose upload was broken off."""
    return attaching.remove_lost_files()
