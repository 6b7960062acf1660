-- name: end_waiting_commits(seconds)
-- End the wait for a synchronous standby of commits of this program that have waited for longer than
-- clients do; return their number. The commits remain valid on this server. The connections of this
-- program have the name of the present one; current_setting() may be longer than what is shown of it.
select count(pg_cancel_backend(a.pid))
from pg_stat_activity as a
join pg_stat_activity as own
    on own.pid = pg_backend_pid()
   and own.datid = a.datid
   and own.usesysid = a.usesysid
   and own.application_name = a.application_name
where a.wait_event = 'SyncRep'
  and a.query_start < clock_timestamp() - make_interval(secs => :seconds);
