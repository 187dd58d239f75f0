-- What an afternoon with a database touches: tables, indexes, joins, text search, R-trees, JSON,
-- dates, windows, recursion, triggers, savepoints, vacuum. Deterministic; the answers end it.
create table t(id integer primary key, a int, b text, c real, d blob);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
	insert into t select i, i * 7919 % 1009, printf('row %05d', i), i / 7.0, zeroblob(i % 97) from n;
create index ta on t(a);
create unique index tb on t(b collate nocase);
create view big as select * from t where a > 900;
create table log(what text, n int);
create trigger changed after update on t begin insert into log values (old.b, new.a); end;
begin;
update t set a = -a where id % 3 = 0;
savepoint s;
delete from t where id % 5 = 0;
rollback to s;
commit;
create virtual table docs using fts5(title, body);
insert into docs select b, 'some words of number ' || a || ' and of ' || id from t;
create virtual table old using fts3(body);
insert into old select b from t where id < 50;
create virtual table boxes using rtree(id, x0, x1, y0, y1);
insert into boxes select id, a, a + 10, c, c + 5 from t;
delete from t where id % 11 = 0;
vacuum;
analyze;
pragma integrity_check;
select count(*), sum(a), min(b), max(b), total(c), sum(length(d)) from t;
select count(*) from t x join t y on x.a = -y.a;
select count(*) from docs where docs match 'number AND 1*';
select count(*) from old where body match 'row';
select count(*) from boxes where x0 > 100 and x1 < 500 and y0 > 10;
select sum(n), count(*) from log;
select json_extract('{"a":[1,2,{"b":3.5}]}', '$.a[2].b'), json_array_length('[1,2,3]');
select strftime('%Y-%m-%d', 86400 * 365, 'unixepoch'), date('2024-02-28', '+2 days');
select group_concat(s) from (select sum(a) over (order by id rows 3 preceding) as s from big limit 4);
select round(sin(1), 6), round(exp(2), 6), abs(-9223372036854775807), 1e308 * 10, cast('12x' as int);
select upper(hex(randomblob(4))) is not null, replace('abcabc', 'b', 'xyz'), instr('hello', 'l');
select b from t where b like 'ROW 0003%' and c between 4 and 5 order by a desc limit 3;
