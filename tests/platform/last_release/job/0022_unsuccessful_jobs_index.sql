-- no transaction
-- Few of a user's jobs are unsuccessful. This index finds a page of them without reading the other jobs.
drop index concurrently if exists job_unsuccessful_of_user;
create index concurrently job_unsuccessful_of_user on job (user_id, status, id desc)
  where status in ('failed', 'canceled', 'expired');
