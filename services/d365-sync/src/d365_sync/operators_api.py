"""Build the operators' API: its use cases on the PostgreSQL stores."""

from case_shared.d365.client import D365Client
from case_shared.database.postgres import Pool
from case_shared.process.clock import SystemClock
from case_shared.web.cursors import Cursors
from case_shared.words.category_types import CategoryTypes
from d365_sync.app.end_document import EndDocument
from d365_sync.app.erase_personal_data import ErasePersonalData
from d365_sync.app.ledger_d365 import CompareWithD365
from d365_sync.app.link import Link
from d365_sync.app.one_comparison import OneComparison
from d365_sync.app.preview import Preview
from d365_sync.app.replay import Replay
from d365_sync.app.replays import OrderReplay, SteerReplay
from d365_sync.app.restore_d365 import OrderRestore
from d365_sync.app.search_d365 import SearchD365
from d365_sync.app.show_flow import ShowFlow
from d365_sync.app.verify import Verify
from d365_sync.app.wake_ups import WakeUps
from d365_sync.postgres.checks import PostgresChecks
from d365_sync.postgres.control import PostgresControl
from d365_sync.postgres.d365_restores import PostgresRestores
from d365_sync.postgres.dealers import PostgresDealers
from d365_sync.postgres.flow import PostgresFlow
from d365_sync.postgres.found_cases import PostgresFoundCases
from d365_sync.postgres.operator_actions import PostgresOperatorActions
from d365_sync.postgres.personal_data import PostgresPersonalData
from d365_sync.postgres.queries import Queries
from d365_sync.postgres.replays import PostgresReplays
from d365_sync.postgres.windows import PostgresWindows
from d365_sync.settings import Settings
from d365_sync.web.context import Context

# Long enough for a dry run of some thousand documents.
_DRY_RUN_WAIT_SECONDS = 20.0


def build_context(
    settings: Settings, pool: Pool, d365: D365Client, wake_ups: WakeUps, cursors: Cursors | None = None
) -> Context:
    """The stores and the use cases behind the routes."""
    actions, queries, replays = PostgresOperatorActions(pool), Queries(pool), PostgresReplays(pool)
    seconds, category_types = settings.d365_timeout_seconds, CategoryTypes.parse(settings.d365_category_types)
    return Context(
        queries=queries,
        control=PostgresControl(pool),
        actions=actions,
        windows=PostgresWindows(pool),
        dealers=PostgresDealers(pool),
        erase=ErasePersonalData(PostgresPersonalData(pool)),
        replay=Replay(actions, replays, category_types),
        preview=Preview(d365, replays, category_types, settings.mapping.lengths),
        order_replay=OrderReplay(replays, wake_ups.replays.wake, _DRY_RUN_WAIT_SECONDS),
        steer_replay=SteerReplay(replays, wake_ups.replays.wake),
        compare_with_d365=OneComparison(
            CompareWithD365(
                d365, queries, PostgresFoundCases(pool), SystemClock(), seconds, settings.mapping.has_submission_id
            )
        ),
        show_flow=ShowFlow(PostgresFlow(pool), PostgresControl(pool), SystemClock()),
        search_d365=SearchD365(d365, PostgresDealers(pool), PostgresControl(pool), category_types),
        link=Link(d365, actions, category_types, seconds),
        verify=Verify(actions, wake_ups.taken_in),
        end=EndDocument(actions),
        order_restore=OrderRestore(PostgresRestores(pool), wake_ups.restores.wake),
        restores=PostgresRestores(pool),
        checks=PostgresChecks(pool, settings.d365_url, settings.mapping),
        wake_ups=wake_ups,
        d365_url=settings.d365_url,
        cursors=cursors or Cursors(),
    )
