-- no transaction
-- A request that arrived while the job of its key was live is its duplicate also when it is decided after the end. The
-- index holds ended jobs that have a key and whose answer a duplicate gets; others are never looked for.
drop index concurrently if exists job_ended_key;
create index concurrently job_ended_key on job (user_id, idempotency_key, completed_at)
  where idempotency_key is not null and status in ('completed', 'canceled');
