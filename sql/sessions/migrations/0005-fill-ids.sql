-- run: repeat
-- Give an id to the rows that were there before the column.
update {table}
set id = default
where sid = any(array(
    select s.sid
    from {table} as s
    where s.id is null
    order by s.sid collate "C"
    limit 1000
));
