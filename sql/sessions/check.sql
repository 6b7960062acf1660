-- name: find_faults()
-- List the faults that make the session table unusable: a missing table, column or function, a column
-- with another type, a missing right.
with wanted (name, types) as (
    values
        ('sid', array['character varying', 'text']),
        ('sess', array['json']),
        ('expire', array['timestamp without time zone']),
        ('id', array['text']),
        ('created_at', array['timestamp with time zone']),
        ('authenticated_at', array['timestamp with time zone']),
        ('renewed_at', array['timestamp with time zone']),
        ('user_id', array['text']),
        ('user_version', array['text']),
        ('idle', array['integer']),
        ('absolute', array['integer']),
        ('ip', array['inet']),
        ('user_agent', array['text']),
        ('writes', array['uuid[]'])
),
found as (
    select
        a.attname::text as name,
        format_type(a.atttypid, null) as type
    from pg_attribute as a
    where a.attrelid = to_regclass('{table}')
      and a.attnum > 0
      and not a.attisdropped
),
called (name) as (
    values
        ('absolute_end'),
        ('cap'),
        ('changed'),
        ('copy'),
        ('document'),
        ('end'),
        ('end_each'),
        ('end_in_time'),
        ('insert'),
        ('is_due'),
        ('is_late'),
        ('is_live'),
        ('late'),
        ('listed'),
        ('names'),
        ('newest'),
        ('of_network'),
        ('of_users'),
        ('renewed'),
        ('rotate'),
        ('rotated'),
        ('sample'),
        ('settle'),
        ('source'),
        ('touch'),
        ('update'),
        ('written')
)
select 'the table {table} does not exist' as fault
where to_regclass('{table}') is null
union all
select case
    when found.name is null then 'the table {table} has no column ' || wanted.name
    else 'the column ' || wanted.name || ' of {table} is ' || found.type
        || '; it must be ' || array_to_string(wanted.types, ' or ')
end
from wanted
left join found using (name)
where to_regclass('{table}') is not null
  and found.type <> all (wanted.types) is not false
union all
select 'the function nestmap.{prefix}_' || called.name || ' does not exist'
from called
where not exists (
    select
    from pg_proc as p
    where p.pronamespace = to_regnamespace('nestmap')
      and p.proname = '{prefix}_' || called.name
)
union all
select 'the role ' || current_user || ' may not execute nestmap.' || p.proname
from pg_proc as p
where p.pronamespace = to_regnamespace('nestmap')
  and starts_with(p.proname, '{prefix}_')
  and not has_function_privilege(p.oid, 'execute')
union all
select 'the role ' || current_user || ' may not ' || lower(p.privilege) || ' in {table}'
from unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE']) as p (privilege)
where to_regclass('{table}') is not null
  and not has_table_privilege(to_regclass('{table}'), p.privilege)
union all
select 'the table nestmap.{prefix}_endings does not exist'
where to_regclass('nestmap."{prefix}_endings"') is null
union all
select 'the role ' || current_user || ' may not ' || lower(p.privilege) || ' in nestmap.{prefix}_endings'
from unnest(array['SELECT', 'INSERT', 'DELETE']) as p (privilege)
where not has_table_privilege(to_regclass('nestmap."{prefix}_endings"'), p.privilege);

-- name: find_surroundings()
-- Return the time zone of this connection, which is also that of an Express server, and the encoding
-- of the database.
select
    current_setting('TimeZone') as time_zone,
    current_setting('server_encoding') as encoding;
