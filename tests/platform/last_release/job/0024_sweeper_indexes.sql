-- no transaction
-- The sweeper looks twice a second for queued jobs to dispatch again and for interrupted submissions. These indexes find
-- them without reading all queued or live jobs.
drop index concurrently if exists job_to_dispatch;
create index concurrently job_to_dispatch on job (dispatch_at) where status = 'queued';
drop index concurrently if exists job_pending;
create index concurrently job_pending on job (created_at) where status = 'pending';
