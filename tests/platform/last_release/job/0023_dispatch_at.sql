-- When a queued job is dispatched again if no worker has leased it by then.
alter table job add column dispatch_at timestamptz not null default now();
