-- name: meta
select value from meta where key = ?;

-- name: set_meta
update meta set value = ?2 where key = ?1;

-- name: user
select id, name, scopes, display_name, email, things, enabled, valid_since, valid_until, seq
from user where id = ?;

-- name: user_named
select id, name, scopes, display_name, email, things, enabled, valid_since, valid_until, seq
from user where name_key = ?;

-- name: credentials
select id, name, scopes, display_name, email, things, enabled, valid_since, valid_until, password_hash
from user where name_key = ?;

-- name: users_after
select id, name, scopes, display_name, email, things, enabled, valid_since, valid_until, seq
from user where seq > ? order by seq limit ?;

-- name: accounts_after
select id, name, scopes, display_name, email, things, enabled, valid_since, valid_until, password_hash is not null,
       (select rules from user_items where user_id = id), seq
from user where seq > ? order by seq limit ?;

-- name: memberships_between
select user.id, user_group.id, user_group.name, user_group.rights
from user
join membership on membership.user_id = user.id
join user_group on user_group.id = membership.group_id
where user.seq between ? and ?
order by user.seq, membership.position;

-- name: user_before
-- The place from which users are read on when some are left out.
select seq from user order by seq limit 1 offset ?;

-- name: members_after
select user.id, user.name, user.scopes, user.display_name, user.email, user.things,
       user.enabled, user.valid_since, user.valid_until, user.seq
from membership join user on user.id = membership.user_id
where membership.group_id = ?1 and membership.user_id > ?2
order by membership.user_id limit ?3;

-- name: count_users
select count(*) from user;

-- name: password_hash
select password_hash from user where id = ?;

-- name: items_of_user
select rules from user_items where user_id = ?;

-- name: groups_of
select user_group.id, user_group.name, user_group.rights
from membership join user_group on user_group.id = membership.group_id
where membership.user_id = ? order by membership.position;

-- name: group_by_id
select id, name, rights from user_group where id = ?;

-- name: group_named
select id, name, rights from user_group where name_key = ?;

-- name: items_of_group
select rules from group_items where group_id = ?;

-- name: group_entries_after
select id, name, rights, (select rules from group_items where group_id = id), seq
from user_group where seq > ? order by seq limit ?;

-- name: group_before
select seq from user_group order by seq limit 1 offset ?;

-- name: count_groups
select count(*) from user_group;

-- name: token
select id, user_id, device_name, created, kind, expires, limits, last_used, last_source
from token where id = ?;

-- name: user_with_plain_token
-- By a token without an end and without limits, as most are. Subqueries, because a join of the
-- two takes three times as long.
select id, name, scopes, display_name, email, things, enabled, valid_since, valid_until,
       exists (select 1 from membership where user_id = ?1)
from user
where id = ?1
  and id = (select user_id from token where id = ?2 and expires is null and limits is null);

-- name: user_by_digest
select user.id, user.name, user.scopes, user.display_name, user.email, user.things,
       user.enabled, user.valid_since, user.valid_until,
       exists (select 1 from membership where membership.user_id = user.id),
       token.id, token.expires, token.limits
from token join user on user.id = token.user_id
where token.digest = ?1 and token.kind = ?2 and (token.expires is null or token.expires > ?3);

-- name: digest
select 1 from token where digest = ?;

-- name: tokens_of
select id, user_id, device_name, created, kind, expires, limits, last_used, last_source
from token where user_id = ? order by seq;

-- name: tokens_with_digests
select id, user_id, device_name, created, kind, expires, limits, last_used, last_source, digest
from token where user_id = ? order by seq;

-- name: user_editor
select exists (
    select 1 from user
    where scopes & 256
      and enabled and valid_until is null and (valid_since is null or valid_since <= ?1)
      and (password_hash is not null
           or exists (select 1 from token
                      where user_id = user.id and expires is null and limits is null))
) or exists (
    select 1 from user_group
    join membership on membership.group_id = user_group.id
    join user on user.id = membership.user_id
    where user_group.rights & 256
      and enabled and valid_until is null and (valid_since is null or valid_since <= ?1)
      and (user.password_hash is not null
           or exists (select 1 from token
                      where user_id = user.id and expires is null and limits is null))
);

-- name: add_user
insert into user (id, name, name_key, scopes, display_name, email, things,
                  enabled, valid_since, valid_until, password_hash)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: change_user
-- Not the name, which never changes: its index would be written anew.
update user set scopes = ?2, display_name = ?3, email = ?4, things = ?5,
                enabled = ?6, valid_since = ?7, valid_until = ?8
where id = ?1;

-- name: remove_user
delete from user where id = ?;

-- name: set_password_hash
update user set password_hash = ?2 where id = ?1;

-- name: remove_memberships
delete from membership where user_id = ?;

-- name: add_membership
insert into membership (user_id, position, group_id) values (?, ?, ?);

-- name: set_user_items
insert or replace into user_items (user_id, rules) values (?, ?);

-- name: remove_user_items
delete from user_items where user_id = ?;

-- name: add_group
insert into user_group (id, name, name_key, rights) values (?, ?, ?, ?);

-- name: change_group
update user_group set rights = ?2 where id = ?1;

-- name: set_group_items
insert or replace into group_items (group_id, rules) values (?, ?);

-- name: remove_group_items
delete from group_items where group_id = ?;

-- name: remove_group
delete from user_group where id = ?;

-- name: add_token
insert into token (id, digest, user_id, device_name, created, kind, expires, limits,
                   last_used, last_source)
values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: change_token
update token set device_name = ?2, expires = ?3, limits = ?4 where id = ?1;

-- name: rotate_token
update token set digest = ?2 where id = ?1;

-- name: use_token
update token set last_used = ?2, last_source = ?3 where id = ?1;

-- name: extend_token
update token set expires = ?2 where id = ?1;

-- name: remove_token
delete from token where id = ?;

-- name: audit_head
select seq, digest from audit_event order by seq desc limit 1;

-- name: audit_events_after
select seq, body, digest from audit_event where seq > ? order by seq limit ?;

-- name: audit_events_before
select seq, body, digest from audit_event where seq < ? order by seq desc limit ?;

-- name: audit_size
select count(*), coalesce(sum(length(body)), 0) from audit_event;

-- name: audit_checkpoints
select seq, body, signature from audit_checkpoint order by seq;

-- name: add_audit_event
insert into audit_event (seq, body, digest) values (?, ?, ?);

-- name: cut_audit
delete from audit_event where seq <= ?;

-- name: add_audit_checkpoint
insert into audit_checkpoint (seq, body, signature) values (?, ?, ?);

-- name: attempts
select account, source, failures, last, known from attempt order by last;

-- name: set_attempt
insert or replace into attempt (account, source, failures, last, known) values (?, ?, ?, ?, ?);

-- name: remove_sessions
delete from token where kind = 'session';

-- name: remove_attempt
delete from attempt where account = ? and source = ?;

-- name: remove_attempts_of
-- Not those without an account, which are the failures of sources.
delete from attempt where account = ? and account <> '';
