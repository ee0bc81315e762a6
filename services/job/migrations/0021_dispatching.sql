-- When makers are told again of a queued job that nobody has taken. It takes the place of dispatched_at, which a
-- process of the release before may still write.
alter table job add column dispatch_at timestamptz not null default now();
create index job_to_dispatch on job (dispatch_at) where status = 'queued';

-- Submissions that died half-way, looked for twice a second: among the pending, not among all that are live.
create index job_pending on job (created_at) where status = 'pending';
