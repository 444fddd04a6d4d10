"""Many calls at once: threads on one session, processes of Dask on one token."""
