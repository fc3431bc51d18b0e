-- Version 3: when accounts are valid, what tokens are limited to, the audit trail.

alter table user add column enabled integer not null default 1;
alter table user add column valid_since integer;  -- microseconds since 1970, UTC; null: ever
alter table user add column valid_until integer;  -- the same; null: for ever

alter table token add column limits blob;         -- JSON; null: as much as its owner
alter table token add column last_used integer;   -- microseconds since 1970, UTC; null: never
alter table token add column last_source text not null default '';

create table audit_event (
    seq integer primary key,                -- counts from 1 without gaps
    body blob not null,                     -- as it was encoded once
    digest blob not null                    -- SHA-256 over the digest before and the body
) strict;

insert into meta values
    ('audit_missed', 0);                    -- events that could not be written since one could

-- What vouches for the events up to a place, which are not kept any more.
create table audit_checkpoint (
    seq integer primary key,
    body blob not null,
    signature blob not null
) strict;

-- What is known of failed sign-ins, and from where accounts have signed in.
create table attempt (
    account text not null,                  -- the form under which names are unique; or empty
    source text not null,                   -- or empty, for all
    failures integer not null,
    last integer not null,                  -- microseconds since 1970, UTC
    known integer not null,                 -- the account has signed in from there
    primary key (account, source)
) strict, without rowid;
