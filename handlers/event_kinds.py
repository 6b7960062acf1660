"""The kinds of security events, with the sentences that the pages show."""

from nestmap.sessions import events

KINDS = {
    **events.KINDS,
    "two_sessions": "A request had the cookies of two live sessions; neither was used.",
    "forged_cookie": "A session cookie was invalid (a sample).",
    "refused": "A user requested something without the needed role (a sample).",
    "registered": "An account was made.",
    "sign_in_failed": "A wrong password, an address without an account, or a disabled account.",
    "throttled": "A sign-in attempt was refused because of earlier ones (a sample).",
    "password_changed": "An account has another password.",
    "role_changed": "An account has another role.",
    "disabled": "An account was disabled.",
    "enabled": "An account was enabled again.",
    "deleted": "An account was deleted.",
    "sessions_ended": "All sessions of an account were ended.",
    "all_sessions_ended": 'All sessions of all accounts are being ended (state "begun"), or were ("done").',
    "admin_read": "An administrator looked at people's data.",
    "command": "A command was run on the server.",
}
