-- name: end_waiting_commits(seconds)
-- End the wait for a synchronous standby of commits of this program that have waited for longer than
-- clients do; return their number. The commits remain valid on this server.
select count(pg_cancel_backend(a.pid))
from pg_stat_activity as a
where a.datname = current_database()
  and a.usename = current_user
  and a.application_name = 'nestmap'
  and a.wait_event = 'SyncRep'
  and a.query_start < clock_timestamp() - make_interval(secs => :seconds);
