-- When workers are told again of a queued job that nobody has taken. It takes the place of dispatched_at, which a
-- process of the release before may still write.
alter table job add column dispatch_at timestamptz not null default now();
