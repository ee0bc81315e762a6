-- The price that billing holds for the job where it is not that of its type.
alter table job add column priced_as text not null default '';
