-- Jobs, their attempts and assets, and the outbox. A job's row is authoritative; Kafka only carries notifications.

create table job (
  id                uuid primary key,        -- version 7: in order of creation
  user_id           text not null,
  type              text not null check (type in ('copy', 'static_ad', 'video')),
  project_id        uuid not null,
  product_id        uuid not null,
  idempotency_key   text,
  status            text not null check (status in
                      ('pending', 'queued', 'processing', 'completed', 'failed', 'canceled', 'expired')),
  self_made         boolean not null,        -- made by the service that submitted it; never leased to a worker
  credits           integer check (credits >= 0),  -- amount of its hold; null until the hold is placed
  parameters        bytea not null,
  turn              bigint not null default 0,     -- queue order, lowest first; see submission_store.py
  not_before        timestamptz not null default '-infinity',  -- the next attempt starts no earlier
  expires_at        timestamptz not null,    -- when it expires in its current status
  deadline          timestamptz not null,    -- when it expires in any status
  dispatches        integer not null default 0,    -- since it was last queued
  attempt           integer not null default 0,    -- number of the latest attempt
  failures          integer not null default 0,    -- attempts that failed
  worker            text,
  lease_expires_at  timestamptz,
  attempt_deadline  timestamptz,
  progress          integer not null default 0,
  stage             text not null default '',
  checkpoint        bytea,
  error_reason      text,
  error_message     text,
  -- failed for unknown reasons or expired in an outage; an operator may retry it
  dead              boolean not null default false,
  notes             text[] not null default '{}',
  result            bytea,
  retry_of          uuid,
  settle            text check (settle in ('capture', 'release')),  -- what settlement does with its hold
  settled_at        timestamptz,             -- when billing confirmed the settlement
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  completed_at      timestamptz,
  check ((status in ('completed', 'failed', 'canceled', 'expired')) = (completed_at is not null)),
  check ((completed_at is not null) = (settle is not null)),
  check (settle is distinct from 'capture' or status = 'completed'),
  check (status <> 'processing' or (lease_expires_at is not null and attempt_deadline is not null and attempt > 0)),
  check (status not in ('queued', 'processing', 'completed') or credits is not null)
) with (fillfactor = 85);

-- One live job per idempotency key of a user: the second of two concurrent requests reuses the first one's job.
create unique index job_live_key on job (user_id, idempotency_key)
  where idempotency_key is not null and status in ('pending', 'queued', 'processing');
-- A dead job is retried at most once.
create unique index job_retry_of on job (retry_of) where retry_of is not null;
-- All but the last of these indexes hold live, unsettled or dead rows only, so ended jobs do not make them grow.
create index job_queue on job (type, turn, id) where status = 'queued';
create index job_queue_of_user on job (type, user_id, turn) where status = 'queued';
create index job_processing on job (type, user_id) where status = 'processing';
create index job_live_of_user on job (user_id) where status in ('pending', 'queued', 'processing');
create index job_expiry on job (expires_at) where status in ('pending', 'queued', 'processing');
create index job_unsettled on job (id) where settle is not null and settled_at is null;
create index job_dead on job (id) where dead;
create index job_of_user on job (user_id, id desc);

create table attempt (
  job_id      uuid not null references job on delete cascade,
  number      integer not null check (number > 0),
  worker      text not null,
  started_at  timestamptz not null,
  ended_at    timestamptz,
  outcome     text check (outcome in
                ('completed', 'transient', 'input', 'unknown', 'lost', 'returned', 'canceled', 'expired')),
  cause       text not null default '',
  primary key (job_id, number),
  check ((ended_at is null) = (outcome is null))
);

create table asset (
  id            uuid primary key,
  job_id        uuid not null references job on delete cascade,
  position      integer not null,
  type          text not null,
  key           text not null,
  content_type  text not null,
  size_bytes    bigint not null,
  sha256        text not null,
  unique (job_id, position)
);

create table outbox (
  id          bigint generated always as identity primary key,
  topic       text not null,
  key         text not null,
  value       bytea not null,
  created_at  timestamptz not null default now()
);
