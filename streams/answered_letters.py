"""Letters that were answered: their records stand in the log again, and the tables forget that they were missing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from services.runtime.settings import Settings

_CONNECT_SECONDS: Final = 5
_ANSWER_SECONDS: Final = 30

# Of two rows of a letter the one seen last stands; an empty reason is no reason any more.
_ANSWERED: Final = """
INSERT INTO dead_letters (topic, partition, offset, key, reason, seen_at, case_id, source_app)
SELECT topic, partition, offset, key, '', greatest(now64(3, 'UTC'), seen_at + toIntervalMillisecond(1)), case_id,
       source_app
FROM dead_letters FINAL
WHERE topic = {topic:String} AND (partition, offset) IN {places:Array(Tuple(UInt16, UInt64))} AND reason != ''
"""


class TablesAway(Exception):
    """They could not be told; nothing is lost by telling them again."""


def mark_answered(settings: Settings, topic: str, places: Sequence[tuple[object, object]]) -> None:
    """Records at these places, (partition, offset), were read after all. Raises TablesAway."""
    if not places:
        return
    import clickhouse_connect
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        client = clickhouse_connect.get_client(
            dsn=settings.clickhouse_url,
            username=settings.clickhouse_user,
            password=settings.clickhouse_password.get_secret_value(),
            database=settings.clickhouse_database,
            autogenerate_session_id=False,
            connect_timeout=_CONNECT_SECONDS,
            send_receive_timeout=_ANSWER_SECONDS,
        )
        with client:
            client.command(_ANSWERED, parameters={"topic": topic, "places": list(places)})
    except (ClickHouseError, OSError) as error:
        raise TablesAway(type(error).__name__) from error
