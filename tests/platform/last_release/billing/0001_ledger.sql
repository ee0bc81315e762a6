-- The ledger. An entry moves one amount from one account to another, so it balances by construction; entries are only
-- ever added. `account`, `hold.state` and `lot.remaining` are derived state, kept in the same transaction as the entries.

create table account (
  user_id    text primary key,
  available  integer not null default 0 check (available >= 0),
  held       integer not null default 0 check (held >= 0),
  expiring   integer not null default 0,  -- the part of `available` that has a last day: the sum of lot.remaining
  check (expiring between 0 and available)
);

-- A grant with a last day, and what of it can still be spent. Grants without one need no lot.
create table lot (
  grant_id   text primary key,
  user_id    text not null references account,
  granted    integer not null check (granted > 0),
  remaining  integer not null check (remaining between 0 and granted),
  expires_at timestamptz not null
);
create index lot_of_user on lot (user_id, expires_at) where remaining > 0;
create index lot_expiry on lot (expires_at) where remaining > 0;

create table hold (
  job_id      uuid primary key,
  user_id     text,                -- null: released before it was placed; it keeps a late hold from being placed
  type        text not null,
  project_id  uuid,
  amount      integer not null check (amount >= 0),
  drawn       integer not null default 0,  -- the part that came from lots: the sum of draw.amount
  state       text not null check (state in ('held', 'captured', 'released', 'expired')),
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  ended_at    timestamptz,
  refunded_at timestamptz,
  check (drawn between 0 and amount),
  check ((state = 'held') = (ended_at is null)),
  check (refunded_at is null or state = 'captured'),
  check (user_id is not null or (state = 'released' and amount = 0))
);
create index hold_expiry on hold (expires_at) where state = 'held';

-- What a hold took from which lot.
create table draw (
  job_id    uuid not null references hold,
  grant_id  text not null references lot,
  amount    integer not null check (amount > 0),
  primary key (job_id, grant_id)
);

create table entry (
  id          bigint generated always as identity primary key,
  kind        text not null,
  user_id     text not null references account,
  amount      integer not null check (amount > 0),
  debit       text not null,   -- the account it comes from: issued, available, held or revenue
  credit      text not null,   -- the account it goes to
  job_id      uuid,
  job_type    text,
  project_id  uuid,
  grant_id    text,
  grant_type  text,
  reason      text,
  expires_at  timestamptz,     -- of a grant
  created_at  timestamptz not null,
  check ((kind, debit, credit) in (
    ('grant', 'issued', 'available'), ('hold', 'available', 'held'), ('capture', 'held', 'revenue'),
    ('release', 'held', 'available'), ('expire', 'held', 'available'), ('refund', 'revenue', 'available'),
    ('lapse', 'available', 'issued'))),
  check ((kind in ('grant', 'lapse')) = (grant_id is not null)),
  check (case kind when 'grant' then job_id is null when 'lapse' then true else job_id is not null end),
  check (expires_at is null or kind = 'grant')
);
-- One cause, one entry; and a hold ends once, however it ends. A lot lapses once by itself, and once more for every
-- hold that releases credits to it too late.
create unique index entry_of_grant on entry (grant_id) where kind = 'grant';
create unique index entry_of_hold on entry (job_id) where kind = 'hold';
create unique index entry_of_end on entry (job_id) where kind in ('capture', 'release', 'expire');
create unique index entry_of_refund on entry (job_id) where kind = 'refund';
create unique index entry_of_lapse on entry (grant_id, job_id) nulls not distinct where kind = 'lapse';
create index entry_of_user on entry (user_id, created_at desc, id desc);
create index entry_of_user_rare on entry (user_id, created_at desc, id desc) where kind in ('grant', 'lapse', 'refund');

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'entries are only ever added';
end $$;
create trigger entry_is_final before update or delete on entry for each row execute function refuse_change();
create trigger entry_is_never_emptied before truncate on entry for each statement execute function refuse_change();

-- Writers share a lock until they commit; who holds it alone knows that every id up to the newest has been decided.
-- Taken before ids are, which is why it is a trigger on the statement.
create function lock_for_writing_entries() returns trigger language plpgsql as $$
begin
  perform pg_advisory_xact_lock_shared(7153004);
  return null;
end $$;
create trigger entry_writers_lock before insert on entry for each statement execute function lock_for_writing_entries();

-- A hash chain over the entries, sealed in batches: hash = sha256(previous || ids || digests).
create table seal (
  id        bigint primary key,
  ids       bigint[] not null,
  digests   bytea not null,        -- 16 bytes an entry, in order of id
  previous  bytea not null,
  hash      bytea not null unique,
  sealed_at timestamptz not null
);
create trigger seal_is_final before update or delete on seal for each row execute function refuse_change();
