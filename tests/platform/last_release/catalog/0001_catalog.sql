-- Projects with their brands, and products. Every row is reached through its owner only.

create table project (
  id          uuid primary key,        -- version 7: in order of creation
  user_id     text not null,
  name        text not null,
  brand       bytea not null,          -- adwright.catalog.v1.Brand
  created_at  timestamptz not null,
  updated_at  timestamptz not null
);
create index project_of_user on project (user_id, id desc);

create table product (
  id            uuid primary key,
  project_id    uuid not null references project on delete cascade,
  user_id       text not null,
  name          text not null,
  description   text not null,
  features      text[] not null,
  price         text,
  currency      text,
  image_url     text,
  image_key     text,                  -- where the uploaded photo lies in the asset storage
  image_type    text,
  landing_page  text,
  audience      text not null,
  created_at    timestamptz not null,
  updated_at    timestamptz not null,
  check (price is null or currency is not null),
  check ((image_key is null) = (image_type is null))
);
create index product_of_project on product (project_id, id desc);
