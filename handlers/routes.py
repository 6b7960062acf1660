"""All paths of the site, and the settings of the application."""

from pathlib import Path
from typing import Any

from tornado.web import RequestHandler

from handlers.account import AccountHandler
from handlers.account_delete import ApiAccountHandler, DeleteHandler
from handlers.account_download import DownloadHandler
from handlers.account_password import ApiPasswordHandler, PasswordHandler
from handlers.account_sessions import (
    ApiSessionHandler,
    ApiSessionsHandler,
    EndOtherSessionsHandler,
    EndSessionHandler,
)
from handlers.admin import AdminHandler, StatsHandler, StoreHandler
from handlers.admin_history import HistoryHandler
from handlers.admin_password import NewPasswordHandler
from handlers.admin_sessions import (
    AdminEndSessionHandler,
    ApiAdminSessionHandler,
    ApiAdminSessionsHandler,
    EndAllHandler,
)
from handlers.admin_users import ApiUserHandler, ApiUsersHandler, UserActHandler, UserHandler
from handlers.begin import BeginHandler
from handlers.confirm import ApiConfirmHandler, ConfirmHandler
from handlers.cookie_check import CookieCheckHandler
from handlers.events import (
    ApiEventsHandler,
    ApiOwnEventsHandler,
    EventsHandler,
    OwnEventsHandler,
)
from handlers.forget import ForgetHandler
from handlers.headers import SECURITY
from handlers.health import LiveHandler, ReadyHandler
from handlers.home import HomeHandler
from handlers.login import ApiLoginHandler, LoginHandler, ReturnHandler
from handlers.logout import ApiLogoutHandler, LogoutHandler
from handlers.missing import MisdirectedHandler, MissingHandler, TooLargeHandler
from handlers.modules import MODULES
from handlers.pins import EditHandler, PinHandler
from handlers.places import PlaceHandler, PlacesHandler
from handlers.register import ApiRegisterHandler, RegisterHandler
from handlers.removals import UndoHandler, UnpinHandler
from handlers.route_names import RouteNames
from handlers.session_info import SessionInfoHandler
from handlers.slash import SlashHandler
from handlers.static import SiteStaticHandler
from handlers.template_files import compiled_templates

HERE = Path(__file__).resolve().parent

# Fixed paths are found first, and hide the same path of a pattern. Patterns are tried from the top, so
# frequent ones come first.
ROUTES: list[tuple[str, type[RequestHandler]]] = [
    (r"/api/places", PlacesHandler),
    (r"/api/places/([^/]+)", PlaceHandler),
    (r"/", HomeHandler),
    (r"/api/auth/register", ApiRegisterHandler),
    (r"/api/auth/login", ApiLoginHandler),
    (r"/api/auth/logout", ApiLogoutHandler),
    (r"/api/auth/password", ApiPasswordHandler),
    (r"/api/auth/session", SessionInfoHandler),
    (r"/api/account", ApiAccountHandler),
    (r"/api/account/sessions", ApiSessionsHandler),
    (r"/api/account/sessions/([0-9a-f]{16})", ApiSessionHandler),
    (r"/api/account/places", DownloadHandler),
    (r"/api/admin/session-stats", StatsHandler),
    (r"/livez", LiveHandler),
    (r"/readyz", ReadyHandler),
    (r"/places", PinHandler),
    (r"/places/([a-z0-9-]{1,64})", EditHandler),
    (r"/places/([a-z0-9-]{1,64})/delete", UnpinHandler),
    (r"/undo", UndoHandler),
    (r"/forget", ForgetHandler),
    (r"/begin", BeginHandler),
    (r"/cookies", CookieCheckHandler),
    (r"/register", RegisterHandler),
    (r"/login", LoginHandler),
    (r"/login/return", ReturnHandler),
    (r"/logout", LogoutHandler),
    (r"/account", AccountHandler),
    (r"/account/password", PasswordHandler),
    (r"/account/delete", DeleteHandler),
    (r"/account/places", DownloadHandler),
    (r"/account/sessions/([0-9a-f]{16})/end", EndSessionHandler),
    (r"/account/sessions/end-others", EndOtherSessionsHandler),
    (r"/confirm", ConfirmHandler),
    (r"/api/auth/confirm", ApiConfirmHandler),
    (r"/account/events", OwnEventsHandler),
    (r"/api/account/events", ApiOwnEventsHandler),
    (r"/api/admin/users", ApiUsersHandler),
    (r"/api/admin/users/(\d{1,18})", ApiUserHandler),
    (r"/api/admin/events", ApiEventsHandler),
    (r"/admin/events", EventsHandler),
    (r"/api/admin/sessions", ApiAdminSessionsHandler),
    (r"/api/admin/sessions/([^/]+)", ApiAdminSessionHandler),
    (r"/api/admin/history", HistoryHandler),
    (r"/admin/store", StoreHandler),
    (r"/admin/users/(\d{1,18})", UserHandler),
    (r"/admin/users/(\d{1,18})/(disable|enable|role|end-sessions)", UserActHandler),
    (r"/admin/users/(\d{1,18})/password", NewPasswordHandler),
    (r"/admin/end-all-sessions", EndAllHandler),
    (r"/admin", AdminHandler),
    (r"/admin/sessions/([0-9a-f]{16})/end", AdminEndSessionHandler),
    (r"(/[a-z][a-z0-9/-]*[a-z0-9])/+", SlashHandler),
]

ROUTE_NAMES = RouteNames(
    ROUTES,
    {
        SiteStaticHandler: "/static/*",
        MissingHandler: "missing",
        MisdirectedHandler: "misdirected",
        TooLargeHandler: "too_large",
    },
)

APPLICATION_SETTINGS: dict[str, Any] = {
    "usual_headers": SECURITY,
    "route_names": ROUTE_NAMES,
    "default_handler_class": MissingHandler,
    "misdirected_handler_class": MisdirectedHandler,
    "too_large_handler_class": TooLargeHandler,
    "static_path": str(HERE / "static"),
    "static_handler_class": SiteStaticHandler,
    "template_loader": compiled_templates(HERE / "templates"),
    "ui_modules": MODULES,
}
