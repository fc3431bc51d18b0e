-- Version 1: accounts and tokens.

create table meta (
    key text primary key,
    value any
) strict, without rowid;

insert into meta values
    ('ever_had_account', 0),
    ('revision', 0);

create table user (
    seq integer primary key autoincrement,  -- the order in which users were added
    id blob not null unique,
    name text not null,                     -- as it was given
    name_key text not null unique,          -- the form under which names are unique
    display_name text not null,
    email text not null,
    scopes integer not null,
    things blob not null,                   -- 16 bytes a thing, in the order given
    password_hash text                      -- null: cannot sign in with a password
) strict;

create index user_editor on user (id) where scopes & 256;

create table token (
    seq integer primary key autoincrement,
    id blob not null unique,
    digest blob not null unique,            -- SHA-256 of the secret
    user_id blob not null references user (id) on delete cascade,
    device_name text not null,
    created integer not null                -- microseconds since 1970, UTC
) strict;

create index token_user on token (user_id);
