"""Who may call what: the one table. A route that is not in it answers nobody.

A role is a person's, a scope a program's; both are sets of rights, and each operation asks for one right of a few. What
is here says nothing of whose note it is: a reviewer's route looks at that itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ANYBODY: Final = frozenset({"anybody"})  # without logging in
KNOWN: Final = frozenset({"known"})  # whoever is known; every person and every key has this right

_REVIEWER = frozenset({"extract", "notes:write", "reviews", "kpis:read", "kpis:rate"})
_SCIENTIST = _REVIEWER | {
    "notes:read",
    "reviews:reopen",
    "models:read",
    "trainings:write",
    "monitor:read",
    "monitor:write",
}
_OPERATOR = frozenset(
    {
        "models:read", "models:write", "trainings:write", "monitor:read", "monitor:write", "quarantine",
        "kpis:read", "kpis:rate", "kpis:write",
    }
)  # fmt: skip
_ADMIN = _SCIENTIST | _OPERATOR | {"admin"}

ROLES: Mapping[str, frozenset[str]] = {
    "reviewer": KNOWN | _REVIEWER,
    "data_scientist": KNOWN | _SCIENTIST,
    "operator": KNOWN | _OPERATOR,
    "admin": KNOWN | _ADMIN,
}

SCOPES: Mapping[str, frozenset[str]] = {
    "extract": frozenset({"extract"}),
    "notes:write": frozenset({"notes:write"}),
    "notes:read": frozenset({"notes:read"}),
    "reviews": frozenset({"reviews"}),
    "models:read": frozenset({"models:read"}),
    "models:write": frozenset({"models:read", "models:write", "trainings:write"}),
    "monitor:read": frozenset({"monitor:read", "kpis:read"}),
    "admin": _ADMIN,
}

# What an operation asks for: one of these rights is enough.
OPERATIONS: Mapping[str, frozenset[str]] = {
    name: frozenset(rights)
    for rights, names in (
        (
            ANYBODY,
            "login first_start get_health get_readiness get_info get_metrics openapi get_docs get_page no_such_route",
        ),
        (KNOWN, "logout get_me"),
        ({"extract"}, "extract export_record"),
        ({"notes:write"}, "add_notes"),
        ({"notes:read"}, "list_notes"),
        ({"notes:read", "reviews"}, "get_note"),
        (
            {"reviews"},
            "list_reviews summarise_reviews claim_next_review get_review save_review claim_review submit_review"
            " release_review skip_review reopen_review find_codes",
        ),
        ({"quarantine"}, "list_quarantine get_quarantined replay_quarantined drop_quarantined"),
        (
            {"models:read"},
            "list_datasets get_dataset compare_datasets list_trainings get_training list_models get_model get_dossier"
            " get_dossier_page compare_models list_releases",
        ),
        ({"trainings:write"}, "make_dataset start_training"),
        ({"models:write"}, "promote_model refuse_model roll_back"),
        ({"monitor:read"}, "list_windows get_drift get_system list_alerts list_flows"),
        ({"monitor:write"}, "check_drift acknowledge_alert"),
        ({"kpis:read"}, "get_kpis list_baselines"),
        ({"kpis:rate"}, "rate"),
        ({"kpis:write"}, "set_baselines"),
        (
            {"admin"},
            "list_users invite_user deactivate_user invite_again list_keys make_key revoke_key list_audit verify_audit"
            " get_first_steps",
        ),
    )
    for name in names.split()
}


def of_scopes(scopes: list[str]) -> frozenset[str]:
    """When called, it will give the rights of a key; a scope that is none gives none.

    >>> sorted(of_scopes(["extract", "fly"]))
    ['extract', 'known']
    """
    return KNOWN.union(*(SCOPES.get(scope, frozenset()) for scope in scopes))


def may(rights: frozenset[str], operation: str) -> bool:
    """When called, it will say whether these rights are enough for an operation.

    >>> may(ROLES["reviewer"], "extract"), may(ROLES["operator"], "extract"), may(ROLES["admin"], "no_such_thing")
    (True, False, False)
    """
    return bool(OPERATIONS.get(operation, frozenset()) & (rights | ANYBODY))
