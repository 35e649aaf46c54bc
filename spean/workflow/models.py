"""What the engine itself remembers: submissions already carried out, so that a repeated one does nothing."""

from django.db import models

from spean.lib import clock


class Submission(models.Model):
    """A form carries a random token; the first time it is carried out the result is kept under it."""

    token = models.UUIDField(primary_key=True)
    actor_id = models.UUIDField()
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.UUIDField()
    at = models.DateTimeField(default=clock.now)

    class Privacy:
        plain = ("token", "actor_id", "verb", "object_type", "object_id", "at")

    def __str__(self) -> str:
        return f"{self.verb} {self.object_id}"
