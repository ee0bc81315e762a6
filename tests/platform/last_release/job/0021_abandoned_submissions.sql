-- A pending job that is being taken back cannot be accepted any more, however late its submission continues.
alter table job add column abandoned boolean not null default false;

-- Every job passes through the partial indexes of queued and live jobs, and every event through the outbox. Their dead
-- entries must be vacuumed long before a fifth of a table with millions of ended jobs has changed, which is the default.
alter table job set (autovacuum_vacuum_scale_factor = 0.005, autovacuum_vacuum_threshold = 5000,
                     autovacuum_vacuum_insert_scale_factor = 0.02);
alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
