-- Responses to requests with an Idempotency-Key. A record is written in the transactions that insert and accept its job,
-- so neither a record without its job nor an accepted job without its record can exist. A record is deleted after 24
-- hours, or with its job.

create table idempotency_record (
  user_id            text not null,
  key                text not null,        -- the Idempotency-Key header
  digest             bytea not null,       -- SHA-256 of the request that claimed the key
  job_id             uuid not null references job on delete cascade deferrable initially deferred,
  status             text,                 -- null: not decided yet
  credits_used       integer,
  credits_remaining  integer,
  created_at         timestamptz not null,
  primary key (user_id, key),
  check (num_nulls(status, credits_used, credits_remaining) in (0, 3))
);
create index idempotency_record_of_job on idempotency_record (job_id);
create index idempotency_record_age on idempotency_record (created_at);
