-- Answers to requests with an Idempotency-Key, written in the transactions that make and accept their jobs: a record
-- without its job, or an accepted job without its record, cannot be. Rows go after 24 hours, or with their job.

create table recorded_answer (
  user_id            text not null,
  key                text not null,
  digest             bytea not null,       -- SHA-256 of the request that the key stands for
  job_id             uuid not null references job on delete cascade deferrable initially deferred,
  status             text,                 -- null: not decided yet
  credits_used       integer,
  credits_remaining  integer,
  created_at         timestamptz not null,
  primary key (user_id, key),
  check (num_nulls(status, credits_used, credits_remaining) in (0, 3))
);
create index recorded_answer_of_job on recorded_answer (job_id);
create index recorded_answer_age on recorded_answer (created_at);
