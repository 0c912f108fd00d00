"""The provider's only page, without scripts."""

from collections.abc import Mapping
from html import escape
from importlib import resources
from string import Template

from casebridge.oidc.users import USERS, User


def login_page(parameters: Mapping[str, str]) -> str:
    """The page to pick a user; its form carries the parameters of the authorization request."""
    template = resources.files("casebridge.oidc").joinpath("login.html").read_text("utf-8")
    fields = "\n".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in parameters.items()
    )
    return Template(template).substitute(fields=fields, users="\n".join(map(user_button, USERS.values())))


def user_button(user: User) -> str:
    """A button that signs in as this user."""
    what = escape(", ".join([user.role, *user.dealers]))
    return f'<button name="user" value="{escape(user.username)}">{escape(user.username)} <small>{what}</small></button>'
