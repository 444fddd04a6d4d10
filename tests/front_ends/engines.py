"""Runs cells on one engine of ipyparallel by ``%%px``; a script, for its own venv: ``engines.py CELL...``."""

import sys

import ipyparallel
from IPython.core.interactiveshell import InteractiveShell

LIMIT = 60  # seconds

cluster = ipyparallel.Cluster(n=1)
client = cluster.start_and_connect_sync()
shell = InteractiveShell.instance()
client[:].activate()
for cell in sys.argv[1:]:
    result = client[:].execute(cell, silent=False, block=False)
    if not result.wait(LIMIT):
        print("it waits for ever")
        break
    for text in (*result.stdout, *result.stderr):
        print(text)
    for outputs in result.outputs:
        print(*(output["data"].get("text/plain", "") for output in outputs if "data" in output))
    if not result.successful():
        try:
            result.get()
        except ipyparallel.RemoteError as error:
            print(error)
        break
client.close()
cluster.stop_cluster_sync()
