-- API keys, and what their jobs have spent. `spent` changes under the lock of the owner's account only, in the
-- transaction that holds or releases the credits.

create table api_key (
  id          uuid primary key,          -- version 7: in order of creation
  user_id     text not null,
  name        text not null,
  hint        text not null,
  hash        bytea not null unique check (length(hash) = 32),  -- SHA-256 of the key: 32 random bytes need no salt
  budget      integer check (budget > 0),
  spent       integer not null default 0 check (spent >= 0),
  created_at  timestamptz not null,
  expires_at  timestamptz not null,
  revoked_at  timestamptz,
  check (spent <= budget)
);
create index api_key_of_user on api_key (user_id, id desc);

create table key_spending (
  job_id    uuid primary key,
  key_id    uuid not null references api_key,
  amount    integer not null check (amount > 0),
  restored  boolean not null default false
);
create index key_spending_of_key on key_spending (key_id);
