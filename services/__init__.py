"""The services. `python -m services.job` starts one."""

import gc
import sys

# Modules and models are some 300,000 objects and no garbage, and the collector would scan them again and again: a third
# of a service's start. Server.start() of chassis.rpc.server sets the interpreter's own value again.
if sys.argv[0] == "-m":
    gc.set_threshold(100_000)
