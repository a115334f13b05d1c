"""The routes, by capability."""

from api.http.paths import register

register()
