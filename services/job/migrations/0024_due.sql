-- no transaction
-- What the sweeper looks for twice a second: queued jobs to tell workers of again, and submissions that died half-way,
-- each without reading all that is queued or live.
drop index concurrently if exists job_to_dispatch;
create index concurrently job_to_dispatch on job (dispatch_at) where status = 'queued';
drop index concurrently if exists job_pending;
create index concurrently job_pending on job (created_at) where status = 'pending';
