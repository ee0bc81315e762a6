-- What was understood of a product: the reading of its texts, and the owner's corrections of it.

create table understanding (
  product_id     uuid primary key references product on delete cascade,
  inputs_digest  bytea,                -- over the texts that `reading` was made from
  reading        bytea,                -- adwright.catalog.v1.Understanding without corrections; null: not made yet
  made_at        timestamptz,
  corrections    bytea not null,       -- adwright.catalog.v1.UpdateUnderstandingRequest: the corrections that hold
  check ((inputs_digest is null) = (reading is null)),
  check ((made_at is null) = (reading is null))
);
