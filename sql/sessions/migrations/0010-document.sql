-- Return the document of a session as express-session expects it: our data with its cookie object
-- (without one, express-session answers 500).
create function nestmap."{prefix}_document"(p_data jsonb, p_cookie jsonb, p_expire timestamp)
returns json
language sql stable parallel safe
return (p_data || jsonb_build_object('cookie', p_cookie || jsonb_build_object(
    'expires', to_char(p_expire, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
)))::json;
