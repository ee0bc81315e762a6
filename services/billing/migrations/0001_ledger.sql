-- The ledger. An entry moves one amount from one account to another, so it balances by construction; entries are only
-- ever added. `account` and `hold.state` are derived state, kept in the same transaction as the entries.

create table account (
  user_id    text primary key,
  available  integer not null default 0 check (available >= 0),
  held       integer not null default 0 check (held >= 0)
);

create table hold (
  job_id      uuid primary key,
  user_id     text,                -- null: released before it was placed; it keeps a late hold from being placed
  type        text not null,
  project_id  uuid,
  amount      integer not null check (amount >= 0),
  state       text not null check (state in ('held', 'captured', 'released', 'expired')),
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  ended_at    timestamptz,
  refunded_at timestamptz,
  check ((state = 'held') = (ended_at is null)),
  check (refunded_at is null or state = 'captured'),
  check (user_id is not null or (state = 'released' and amount = 0))
);
create index hold_expiry on hold (expires_at) where state = 'held';

create table entry (
  id          bigint generated always as identity primary key,
  kind        text not null check (kind in ('grant', 'hold', 'capture', 'release', 'expire', 'refund')),
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
  created_at  timestamptz not null,
  check ((kind, debit, credit) in (
    ('grant', 'issued', 'available'), ('hold', 'available', 'held'), ('capture', 'held', 'revenue'),
    ('release', 'held', 'available'), ('expire', 'held', 'available'), ('refund', 'revenue', 'available'))),
  check ((kind = 'grant') = (grant_id is not null)),
  check ((kind = 'grant') = (job_id is null))
);
-- One cause, one posting; and a hold ends once, however it ends.
create unique index entry_of_grant on entry (grant_id) where kind = 'grant';
create unique index entry_of_hold on entry (job_id) where kind = 'hold';
create unique index entry_of_end on entry (job_id) where kind in ('capture', 'release', 'expire');
create unique index entry_of_refund on entry (job_id) where kind = 'refund';
create index entry_of_user on entry (user_id, id desc);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'entries are only ever added';
end $$;
create trigger entry_is_final before update or delete on entry for each row execute function refuse_change();
create trigger entry_is_never_emptied before truncate on entry for each statement execute function refuse_change();
