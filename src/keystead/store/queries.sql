-- name: meta
select value from meta where key = ?;

-- name: set_meta
update meta set value = ?2 where key = ?1;

-- name: user
select id, name, scopes, display_name, email, things, seq from user where id = ?;

-- name: user_named
select id, name, scopes, display_name, email, things, seq from user where name_key = ?;

-- name: users_after
select id, name, scopes, display_name, email, things, seq from user
where seq > ? order by seq limit ?;

-- name: password_hash
select password_hash from user where id = ?;

-- name: token
select id, user_id, device_name, created from token where id = ?;

-- name: user_with_token
-- Subqueries, because a join of the two takes three times as long.
select id, name, scopes, display_name, email, things, seq from user
where id = ?1 and id = (select user_id from token where id = ?2);

-- name: user_by_digest
select id, name, scopes, display_name, email, things,
       (select id from token where digest = ?1)
from user where id = (select user_id from token where digest = ?1);

-- name: tokens_of
select id, user_id, device_name, created from token where user_id = ? order by seq;

-- name: user_editor_beside
select exists (
    select 1 from user
    where scopes & 256 and id <> ?
      and (password_hash is not null
           or exists (select 1 from token where token.user_id = user.id))
);

-- name: add_user
insert into user (id, name, name_key, scopes, display_name, email, things, password_hash)
values (?, ?, ?, ?, ?, ?, ?, ?);

-- name: change_user
update user set name = ?2, name_key = ?3, scopes = ?4, display_name = ?5, email = ?6, things = ?7
where id = ?1;

-- name: remove_user
delete from user where id = ?;

-- name: set_password_hash
update user set password_hash = ?2 where id = ?1;

-- name: add_token
insert into token (id, digest, user_id, device_name, created) values (?, ?, ?, ?, ?);

-- name: remove_token
delete from token where id = ?;
