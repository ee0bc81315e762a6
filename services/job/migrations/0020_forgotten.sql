-- Up to when jobs that ended were deleted for their age; one row, and none before the first deletion.

create table forgotten (
  one    boolean primary key default true check (one),
  until  timestamptz not null
);
