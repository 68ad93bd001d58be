"""The whole system as one tree of processes: the application, a worker, MLflow's pages; started, watched and ended."""
