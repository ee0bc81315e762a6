-- The uploaded logo of a project: its key in the asset storage.

alter table project
  add column logo_key text;
