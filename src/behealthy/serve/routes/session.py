"""Log in, log out, who am I; and the one-time link that sets the first password."""

from __future__ import annotations

from fastapi import APIRouter, Response

from behealthy.errors import Unrecognised
from behealthy.serve import auth
from behealthy.serve.desk import Called, Desk, Open
from behealthy.serve.wire.people import FirstStartRequest, LoginRequest, Me

router = APIRouter(tags=["session"])


@router.post("/login")
def login(desk: Open, given: LoginRequest, response: Response) -> Me:
    """Log in with name and password; the answer sets the session's cookie."""
    rates = desk.parts.rates
    rates.take_login(given.name, desk.address)
    try:
        caller, token = auth.log_in(desk.system, given.name, given.password, desk.request_id)
    except Unrecognised:
        rates.logged_in(given.name, desk.address, well=False)
        raise
    rates.logged_in(given.name, desk.address, well=True)
    return _with_cookie(desk, caller, token, response)


@router.post("/first-start")
def first_start(desk: Open, given: FirstStartRequest, response: Response) -> Me:
    """Set the password with the token of a one-time link, and log in."""
    desk.parts.rates.take_login(None, desk.address)
    caller, token = auth.accept_invitation(desk.system, given.token, given.password, desk.request_id)
    desk.parts.callers.forget()
    return _with_cookie(desk, caller, token, response)


@router.post("/logout", status_code=204)
def logout(desk: Called, response: Response) -> None:
    """End the session."""
    auth.log_out(desk.system, desk.caller, desk.request_id)
    desk.parts.callers.forget()
    response.delete_cookie(auth.COOKIE, path="/", httponly=True, samesite="strict", secure=desk.secure)


@router.get("/me")
def get_me(desk: Called) -> Me:
    """Say who calls and what they may do."""
    return _me(desk.caller)


def _with_cookie(desk: Desk, caller: auth.Caller, token: str, response: Response) -> Me:
    age_s = desk.system.settings.session_h * 3600
    response.set_cookie(
        auth.COOKIE, token, max_age=age_s, path="/", httponly=True, samesite="strict", secure=desk.secure
    )
    return _me(caller)


def _me(caller: auth.Caller) -> Me:
    return Me(
        name=caller.name,
        role=caller.role,
        rights=sorted(caller.rights),
        requests_per_minute=caller.requests_per_minute,
    )
