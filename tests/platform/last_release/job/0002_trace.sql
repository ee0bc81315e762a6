-- W3C traceparent of the call that submitted a job, and of the change that an event reports. Empty: none.
alter table job add column traceparent text not null default '';
alter table outbox add column traceparent text not null default '';
