-- lock: {table}
-- Leave room in each page for the next version of a row (HOT updates), and vacuum before millions of
-- dead rows accumulate.
alter table {table} set (
    fillfactor = 80,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.02
);
