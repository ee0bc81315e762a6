-- The lock of the writers of entries gets a number of its own: 7153002 is the outbox relay's as well.
-- services/chassis/data/locks.py lists all numbers (CHAIN_WRITERS_LOCK).
--
-- The old number is still taken, too: during a rolling update, replicas of the previous version seal under it. Without
-- it they would seal past an entry that is not committed yet, which the audit would report for good. Shared locks never
-- wait for each other, so the order of the two does not matter.

create or replace function announce_entries() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7153004);
  perform pg_advisory_xact_lock_shared(7153002);
  return null;
end $$;
