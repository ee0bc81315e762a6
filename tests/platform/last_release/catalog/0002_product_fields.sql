-- What advertisers say of a product beyond its texts, and further photos.

alter table product
  add column kind                text not null default '',
  add column category            text not null default '',
  add column goal                text not null default '',
  add column sale_price          text,
  add column old_price           text,
  add column price_per           text not null default '',
  add column offer               jsonb,                        -- text, code, ends
  add column proof               jsonb,                        -- rating, best, count, source, award
  add column conditions          text[] not null default '{}',
  add column external_id         text not null default '',
  add column gtin                text not null default '',
  add column image_urls          text[] not null default '{}',
  add column further_image_keys  text[] not null default '{}'; -- the uploaded photos after image_key, in order

-- Not valid: existing rows have none of the new values, and a scan would lock the table.
alter table product
  add constraint product_further_photos check (image_key is not null or further_image_keys = '{}') not valid,
  add constraint product_photo_limit check (cardinality(further_image_keys) < 10) not valid;
