-- no transaction
-- A request that arrived while the job of its key was live is a duplicate, even if it is decided after the job's end. The
-- index holds the ended jobs that duplicates find: those with a key that were completed or canceled.
drop index concurrently if exists job_ended_key;
create index concurrently job_ended_key on job (user_id, idempotency_key, completed_at)
  where idempotency_key is not null and status in ('completed', 'canceled');
