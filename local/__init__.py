"""The whole system on one machine, run by one supervisor. The `adwright` command starts it."""
