-- run: repeat
-- Set the id of rows that are older than the column, in the order of the index above: any other
-- order would sort the whole table for each batch.
update {table}
set id = default
where sid = any(array(
    select s.sid
    from {table} as s
    where s.id is null
    order by s.sid
    limit 2000
));
