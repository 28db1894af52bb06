#!/usr/bin/env bash
# distributed 2026.8.0
# Guess: a LocalCluster's worker that is killed is started again, whenever that happens, and the cluster keeps its size.
# Seen:  after two kills 14.5 seconds apart it is gone for good, and what is submitted waits for ever: 15 seconds after the first the cluster
#        looks once whether the worker is there, finds it just starting, and closes the nanny that starts it. After kills 3 seconds apart it stays.
# So:    the example that searches on Dask sets distributed.deploy.lost-worker-timeout to a day.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --no-compile distributed==2026.8.0
cat > kill_twice.py <<'PYTHON'
import os
import signal
import sys
import time

from distributed import Client, LocalCluster


def workers_after(seconds):
    """How many a cluster of one has in the end, when it is killed twice so many seconds apart."""
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster, Client(cluster) as client:
        for pause in seconds, 25:
            client.wait_for_workers(1)
            begun = time.monotonic()
            pid, = client.run(os.getpid).values()
            os.kill(pid, signal.SIGKILL)
            while time.monotonic() < begun + pause:
                time.sleep(0.05)
        return len(client.scheduler_info()["workers"]), len(cluster.workers)


if __name__ == "__main__":
    for seconds, described in (3, (1, 1)), (14.5, (0, 0)):
        seen = workers_after(seconds)
        print(f"killed twice, {seconds} seconds apart: {seen[0]} of 1 worker is left, {seen[1]} nanny")
        if seen != described:
            sys.exit(f"changed: {described} was described")
    print("as described")
PYTHON
venv/bin/python -W ignore kill_twice.py
