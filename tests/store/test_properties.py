"""Facts of which the newest alone counts."""

from behealthy.store import properties
from behealthy.store.session import Database


def test_facts_under_a_name_are_the_newest_alone(database: Database) -> None:
    with database.write() as session:
        assert properties.put_first(session, "a_b:1", {"n": 1})
        assert not properties.put_first(session, "a_b:1", {"n": 2})
        properties.put(session, "a_b:2", {"n": 3})
        properties.put(session, "a_b:2", {"n": 4})
        properties.put(session, "axb:3", {"n": 5})
    with database.write() as session:
        assert properties.under(session, "a_b:") == {"1": {"n": 1}, "2": {"n": 4}}
        properties.drop(session, "a_b:1")
        assert properties.get(session, "a_b:1") is None
