"""Many nets: adoption of EVs and hosting capacity over a whole company, on one machine or on a Dask cluster."""
