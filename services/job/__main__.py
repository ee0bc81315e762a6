"""The job service: `python -m services.job` serves, `python -m services.job migrate` only migrates its database."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import grpc
from adwright.billing.v1 import billing_pb2_grpc
from adwright.job.v1 import job_pb2_grpc
from pydantic import Field, SecretStr, field_validator

from services.chassis.clock import SystemClock
from services.chassis.config import (
    AssetSettings,
    DatabaseSettings,
    KafkaSettings,
    ServiceSettings,
    checked_secret,
    read_settings_or_exit,
)
from services.chassis.data.assets import AssetStore
from services.chassis.data.database import Database
from services.chassis.data.kafka import Producer, quiet_client_logs
from services.chassis.data.migrate_command import run_migrations
from services.chassis.data.migrations import prepare
from services.chassis.data.outbox import Relay
from services.chassis.data.sql_gauges import SqlGauges
from services.chassis.rotating_secret import RotatingSecret
from services.chassis.rpc.auth import ServiceIdentity
from services.chassis.rpc.server import Server, open_channel, start
from services.clients.billing_keys import BillingApiKeyLookup
from services.job.asset_urls import AssetUrlSigner
from services.job.change_feed import JobWatcher, UserFeed
from services.job.credits import BillingClient
from services.job.domain import JobPolicy, Limits
from services.job.events import TOPICS
from services.job.job_reader import JobReader
from services.job.leases import Leases
from services.job.lifecycle import Lifecycle
from services.job.loops.retention import Retention
from services.job.loops.settlement import Settlement
from services.job.loops.sweeper import Sweeper
from services.job.metrics import GAUGES
from services.job.servicer import (
    JobAdminServicer,
    JobFeedServicer,
    JobServicer,
    JobSubmissionServicer,
    JobWorkerServicer,
)
from services.job.settlement_queue import SettlementQueue
from services.job.statuses import Statuses
from services.job.submission import Submissions

MIGRATIONS = Path(__file__).parent / "migrations"
JOB_TYPES = ("copy", "static_ad", "video")
SERVICES = tuple(
    f"adwright.job.v1.{name}"
    for name in ("JobService", "JobAdminService", "JobSubmissionService", "JobFeedService", "JobWorkerService")
)


class JobSettings(ServiceSettings, DatabaseSettings, KafkaSettings, AssetSettings):
    """Settings of the job service. Times by type of job are in seconds."""

    asset_signing_secret: SecretStr = Field(
        description="Signs asset URLs (HMAC-SHA256): a line of 32 characters or more; further lines only verify."
    )
    asset_signing_secret_file: str = Field(
        default="", description="File that contains asset_signing_secret; read again when it changes."
    )
    asset_link_seconds: int = Field(
        default=86_400, ge=60, le=7 * 86_400, description="Validity of asset URLs, in seconds."
    )
    public_url: str = Field(
        pattern="^https?://", description="URL at which clients reach the gateway; prefix of asset URLs."
    )
    start_seconds: str = Field(
        default="copy=60,static_ad=21600,video=21600", description="Longest time in the queue before the first attempt."
    )
    attempt_seconds: str = Field(
        default="copy=180,static_ad=180,video=1800", description="Longest duration of an attempt."
    )
    total_seconds: str = Field(
        default="copy=180,static_ad=25200,video=28800", description="Longest time from a job's creation to its end."
    )
    attempt_failures: int = Field(default=4, ge=1, le=20, description="Failed attempts after which a job fails.")
    live_jobs_per_user: int = Field(default=20_000, ge=1, description="Limit of jobs of a user that have not ended.")
    processing_jobs_per_user: int = Field(default=50, ge=1, description="Limit of processing jobs of a user, by type.")
    _asset_signing_secret_lines = field_validator("asset_signing_secret")(checked_secret)

    keep_jobs_days: float = Field(
        default=0, ge=0, description="Days for which ended jobs and their assets are retained; 0: no limit."
    )


def parse_seconds_by_type(name: str, text: str) -> dict[str, timedelta]:
    """Parses "copy=60,video=1800"; a type that is not named has the default. Raises SystemExit."""
    default = JobSettings.model_fields[name].default
    try:
        pairs = [part.partition("=") for part in f"{default},{text}".split(",") if part.strip()]
        found = {job_type.strip(): timedelta(seconds=float(seconds)) for job_type, _, seconds in pairs}
    except (ValueError, OverflowError):
        found = {}
    if set(found) != set(JOB_TYPES) or min(found.values()) <= timedelta(0):
        raise SystemExit(
            f"ADWRIGHT_{name.upper()}: {text!r} must have the form {default}: seconds above 0 by type of job"
        ) from None
    return found


def policy_from(settings: JobSettings) -> JobPolicy:
    """The policy that the settings describe. Raises SystemExit for an invalid setting."""
    start = parse_seconds_by_type("start_seconds", settings.start_seconds)
    attempt = parse_seconds_by_type("attempt_seconds", settings.attempt_seconds)
    total = parse_seconds_by_type("total_seconds", settings.total_seconds)
    return JobPolicy(
        limits={
            job_type: Limits(
                start=start[job_type],
                attempt=attempt[job_type],
                total=total[job_type],
                failures=settings.attempt_failures,
            )
            for job_type in JOB_TYPES
        },
        live_jobs_per_user=settings.live_jobs_per_user,
        processing_jobs_per_user=settings.processing_jobs_per_user,
    )


async def serve(settings: JobSettings) -> None:
    """Composes the service and serves until it is stopped."""
    url = settings.database_url.get_secret_value()
    await prepare(url, MIGRATIONS, auto_migrate=settings.auto_migrate)
    clock = SystemClock()
    database = Database(url, pool_size=settings.database_pool_size)
    await database.open()
    identity = ServiceIdentity("job", settings.service_secrets())
    channel = open_channel(settings.billing_address)
    api_keys = BillingApiKeyLookup(settings.billing_address, identity)
    billing = BillingClient(billing_pb2_grpc.BillingLedgerServiceStub(channel), identity)
    quiet_client_logs()
    producer = Producer(settings, TOPICS)
    relay = Relay(database, producer)
    policy = policy_from(settings)
    ended = SettlementQueue()
    submissions = Submissions(database=database, billing=billing, relay=relay, policy=policy, clock=clock)
    leases = Leases(database=database, relay=relay, policy=policy, clock=clock, ended=ended)
    lifecycle = Lifecycle(database=database, relay=relay, policy=policy, clock=clock, ended=ended)
    settlement = Settlement(database=database, billing=billing, clock=clock, ended=ended)
    sweeper = Sweeper(lifecycle, submissions)
    reader = JobReader(database)
    watcher = JobWatcher(database)
    feed = UserFeed(database, clock)
    asset_urls = AssetUrlSigner(
        secret=RotatingSecret(
            settings.asset_signing_secret.get_secret_value(), file=settings.asset_signing_secret_file
        ),
        public_url=settings.public_url,
        lifetime=timedelta(seconds=settings.asset_link_seconds),
    )
    assets = AssetStore(settings.assets_url)
    statuses = Statuses(
        database=database,
        reader=reader,
        watcher=watcher,
        feed=feed,
        asset_urls=asset_urls,
        clock=clock,
        max_lifetime=max(limits.total for limits in policy.limits.values()),
    )
    retention = Retention(database, clock, assets, job_retention=timedelta(days=settings.keep_jobs_days) or None)

    def register(server: grpc.aio.Server) -> None:
        job_pb2_grpc.add_JobServiceServicer_to_server(
            JobServicer(
                database=database,
                reader=reader,
                lifecycle=lifecycle,
                statuses=statuses,
                asset_urls=asset_urls,
                assets=assets,
                clock=clock,
                settle=settlement.settle_promptly,
            ),
            server,
        )
        job_pb2_grpc.add_JobAdminServiceServicer_to_server(
            JobAdminServicer(submissions=submissions, database=database), server
        )
        job_pb2_grpc.add_JobSubmissionServiceServicer_to_server(
            JobSubmissionServicer(
                submissions=submissions,
                database=database,
                statuses=statuses,
                clock=clock,
                settle=settlement.settle_promptly,
            ),
            server,
        )
        job_pb2_grpc.add_JobFeedServiceServicer_to_server(
            JobFeedServicer(database=database, reader=reader, statuses=statuses), server
        )
        job_pb2_grpc.add_JobWorkerServiceServicer_to_server(
            JobWorkerServicer(leases=leases, settle=settlement.settle_promptly, policy=policy), server
        )

    server = Server(
        settings,
        register=register,
        services=SERVICES,
        ready=database.ready,
        loops=[
            relay.run,
            sweeper.run,
            sweeper.run_leftovers,
            settlement.run,
            watcher.run,
            feed.run,
            retention.run,
            SqlGauges(database, GAUGES).run,
        ],
        closing=[watcher.close, feed.close],
        api_keys=api_keys,
        clock=clock,
    )
    try:
        await server.run()
    finally:
        await channel.close()
        await api_keys.close()
        await producer.close()
        await database.close()


def main() -> None:
    """Runs the command that the arguments name."""
    if sys.argv[1:] == ["migrate"]:
        run_migrations("job", MIGRATIONS)
        return
    settings = read_settings_or_exit(JobSettings)
    start("job", settings, serve(settings))


if __name__ == "__main__":
    main()
