"""The launch check: what would be refused, cut off or unlawful if a campaign's pack were launched as it is.

`check.check` runs it; every finding names its rule, and the rule's source and date.
"""
