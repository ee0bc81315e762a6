-- Jobs that ended before `deleted_until` may have been deleted for their age. One row; none before the first deletion.

create table retention_mark (
  singleton      boolean primary key default true check (singleton),
  deleted_until  timestamptz not null
);
