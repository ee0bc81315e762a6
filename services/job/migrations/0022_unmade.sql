-- no transaction
-- A user's jobs that ended badly are few among many: to find a page of them must not mean to read all the others.
drop index concurrently if exists job_of_user_unmade;
create index concurrently job_of_user_unmade on job (user_id, status, id desc)
  where status in ('failed', 'canceled', 'expired');
