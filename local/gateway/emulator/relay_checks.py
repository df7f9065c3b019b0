"""The data points of EC2's status checks, and the clock of all alarms.

Once a second, each running instance gives a data point of StatusCheckFailed, StatusCheckFailed_Instance and
StatusCheckFailed_System, and every metric alarm is evaluated: what is a minute in AWS is a second here.
"""

import asyncio
import sys
import time

from ministack.core import responses
from ministack.services import cloudwatch, ec2

import relay_alarms

METRICS = {"StatusCheckFailed": ("instance", "system"), "StatusCheckFailed_Instance": ("instance",),
           "StatusCheckFailed_System": ("system",)}
# So many data points are kept as they came; of older ones one a minute.
_RECENT = 30


def _record(instance, now):
    dims = {"InstanceId": instance["InstanceId"]}
    for name, checks in METRICS.items():
        points = cloudwatch._metric_bucket(("AWS/EC2", name, cloudwatch._dims_key(dims)))
        failed = any(check in instance.get("Impaired", {}) for check in checks)
        points.append({"Timestamp": now, "Value": float(failed), "Unit": "Count", "Dimensions": dims})
        if len(points) > _RECENT + 1:
            first, second = points[-_RECENT - 2:-_RECENT]
            if first["Timestamp"] // 60 == second["Timestamp"] // 60:
                del points[-_RECENT - 2 + (first["Value"] > second["Value"])]


def _forget(now):
    """ministack drops points of two weeks at each request of the account, which looks at all of them."""
    for key, points in list(cloudwatch._metrics._data.items()):
        kept = [point for point in points if point["Timestamp"] >= now - cloudwatch.TWO_WEEKS_SECONDS]
        if not kept:
            del cloudwatch._metrics._data[key]
        elif len(kept) < len(points):
            cloudwatch._metrics._data[key] = kept


def tick(now):
    """One second of all instances and alarms, in every account and Region."""
    if int(now) % 60 == 0:
        _forget(now)
    for (account, region, _), instance in list(ec2._instances._data.items()):
        if instance["State"]["Name"] == "running":
            with responses.request_scope(account, region):
                _record(instance, now)
    for (account, region, _), alarm in list(cloudwatch._alarms._data.items()):
        with responses.request_scope(account, region):
            cloudwatch._evaluate_alarm(alarm)
    for account, region in {key[:2] for key in list(cloudwatch._composite_alarms._data)}:
        with responses.request_scope(account, region):
            relay_alarms.review_suppression(now)


async def tick_forever():
    """A tick in each second, for as long as the loop runs."""
    while True:
        await asyncio.sleep(1.01 - time.time() % 1)
        try:
            tick(time.time())
        except Exception as error:  # the next second is another try
            print(f"relay_emulator: alarms not evaluated: {error!r}", file=sys.stderr, flush=True)


def install(require):
    """Fails at start-up if what this uses or replaces is not there."""
    require(ec2, "_instances")
    require(cloudwatch, "_alarms", "_metrics", "_metric_bucket", "_dims_key", "_evaluate_alarm", "_evict_old_metrics",
            "TWO_WEEKS_SECONDS")
    cloudwatch._evict_old_metrics = lambda: None
