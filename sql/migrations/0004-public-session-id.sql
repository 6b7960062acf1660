-- The name of a session where one is shown; nestmap.sessions.public_id is the same in Python.
create function public_session_id(sid text) returns text
language sql immutable strict parallel safe
return left(encode(sha256(convert_to(sid, 'UTF8')), 'hex'), 16);
