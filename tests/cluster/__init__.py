"""A real Kubernetes of one node on this machine, the documented installation in it, and what is measured there.

`python -m tests.cluster up` builds what is missing, starts the node and installs `deploy/overlays/dev` as
`deploy/README.md` says. It needs root, Debian's packages (PACKAGES in `places`) and Go, but neither Docker nor systemd.
The node lives in network, mount and process namespaces of its own; `down` leaves only the cache.
"""
