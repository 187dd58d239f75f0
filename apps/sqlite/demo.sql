create table data(code text, name text, category text, combining int, bidi text, decomposition text,
	decimal text, digit text, value text, mirrored text, old_name text, comment text,
	upper text, lower text, title text);
-- A code is written in hexadecimal, which this SQLite cannot read: add up its digits.
create view characters as
	select rowid as id, name, category, value,
		(select sum(instr('123456789ABCDEF', substr(data.code, -n, 1)) << 4 * (n - 1))
		from (select 1 n union select 2 union select 3 union select 4 union select 5 union select 6)
		where n <= length(data.code)) as code from data;
.separator ;
.mode box
.echo on
-- A file of the image becomes a table.
.import /UnicodeData.txt data

-- Which writing systems have the most characters? A name begins with the script's.
select lower(substr(name, 1, instr(name, ' '))) as script, count(*) as characters
	from data where category glob 'L*' and name not glob '<*'
	group by script order by characters desc limit 5;

-- All the fractions, by size.
select group_concat(char(code), ' ') as fractions from (
	select code from characters where name glob 'VULGAR FRACTION *' and value glob '*/*'
	order by substr(value, 1, instr(value, '/') - 1) * 1.0 / substr(value, instr(value, '/') + 1));

-- Full-text search through the names of all symbols, best match first.
create virtual table names using fts5(name);
insert into names(rowid, name) select rowid, name from data where category glob 'S*';
select printf('U+%04X', code) as code, char(code) as symbol, characters.name
	from names join characters on id = names.rowid
	where names match 'snow* NOT person' order by rank limit 4;
