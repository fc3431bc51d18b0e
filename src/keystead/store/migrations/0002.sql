-- Version 2: groups, rights on items, and tokens of web sessions.

create table user_group (
    seq integer primary key autoincrement,  -- the order in which groups were added
    id blob not null unique,
    name text not null,                     -- as it was given
    name_key text not null unique,          -- the form under which names are unique
    rights integer not null                 -- of those that a group can have
) strict;

-- What everybody may do, signed in or not: nothing at first.
insert into user_group (id, name, name_key, rights)
values (zeroblob(16), 'anonymous', 'anonymous', 0);

create table membership (
    user_id blob not null references user (id) on delete cascade,
    position integer not null,              -- the order in which the user's groups were given
    group_id blob not null references user_group (id) on delete cascade,
    primary key (user_id, position)
) strict, without rowid;

create index membership_group on membership (group_id);

-- Rules are read and replaced as a whole, so that they are kept as a whole: a JSON list of
-- [name, is it a prefix, may it be written], in the order given.
create table user_items (
    user_id blob primary key references user (id) on delete cascade,
    rules blob not null
) strict, without rowid;

create table group_items (
    group_id blob primary key references user_group (id) on delete cascade,
    rules blob not null
) strict, without rowid;

alter table token add column kind text not null default 'device';
alter table token add column expires integer;  -- microseconds since 1970, UTC; null: never
