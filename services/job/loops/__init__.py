"""Background loops of the job service; each runs until cancelled, on any number of replicas."""
