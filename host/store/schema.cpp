// Times are microseconds UTC; JSON is text; what is not there is '' or 0, never null. Text compares
// by bytes. Numbers of events are never used again (AUTOINCREMENT).
#include "host/store/schema.hpp"

#include <fmt/format.h>

#include <array>

namespace weir::host {

namespace {

/// "Weir", in PRAGMA application_id.
constexpr int our_application_id = 0x57656972;

constexpr char version_1[] = R"sql(
CREATE TABLE weir_document(
  owner TEXT NOT NULL, collection TEXT NOT NULL, key TEXT NOT NULL,
  revision INTEGER NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY(owner, collection, key)) STRICT;

CREATE TABLE weir_secret(
  owner TEXT NOT NULL, name TEXT NOT NULL, key_id TEXT NOT NULL, sealed TEXT NOT NULL,
  PRIMARY KEY(owner, name)) STRICT;

CREATE TABLE weir_event(
  seq INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, dedupe_key TEXT NOT NULL,
  data TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE UNIQUE INDEX weir_event_once ON weir_event(topic, dedupe_key) WHERE dedupe_key <> '';

CREATE TABLE weir_delivery(
  seq INTEGER NOT NULL, consumer TEXT NOT NULL, topic TEXT NOT NULL,
  attempt INTEGER NOT NULL, run_at INTEGER NOT NULL, error TEXT NOT NULL,
  PRIMARY KEY(seq, consumer)) STRICT, WITHOUT ROWID;
CREATE INDEX weir_delivery_oldest ON weir_delivery(consumer, seq);
CREATE INDEX weir_delivery_order ON weir_delivery(consumer, topic, seq);

CREATE TABLE weir_plan(
  id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, body TEXT NOT NULL) STRICT;

-- plan: no foreign key, whose check would want an index that every run pays for; retain() looks.
-- active: the one run of its job that may work; the others of the job that have not ended wait.
-- cancel: why it shall end. scope: '' for all tasks of the plan, else which, as JSON.
CREATE TABLE weir_run(
  seq INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, job TEXT NOT NULL,
  owner TEXT NOT NULL, kind TEXT NOT NULL, plan INTEGER NOT NULL,
  scope TEXT NOT NULL, trigger_json TEXT NOT NULL, status TEXT NOT NULL, active INTEGER NOT NULL,
  cancel TEXT NOT NULL, created_at INTEGER NOT NULL, started_at INTEGER NOT NULL,
  finished_at INTEGER NOT NULL, error_json TEXT NOT NULL) STRICT;
CREATE UNIQUE INDEX weir_run_one_active ON weir_run(job) WHERE active = 1;
CREATE INDEX weir_run_open ON weir_run(job, seq) WHERE finished_at = 0;
CREATE INDEX weir_run_job ON weir_run(job, seq);

CREATE TABLE weir_run_key(
  job TEXT NOT NULL, key TEXT NOT NULL,
  run INTEGER NOT NULL REFERENCES weir_run ON DELETE CASCADE,
  PRIMARY KEY(job, key)) STRICT, WITHOUT ROWID;
CREATE INDEX weir_run_key_run ON weir_run_key(run);

-- ready: may be claimed once run_at has come. attempt: tries without progress; tries: all of them.
CREATE TABLE weir_task(
  run INTEGER NOT NULL REFERENCES weir_run ON DELETE CASCADE, number INTEGER NOT NULL,
  task TEXT NOT NULL, job TEXT NOT NULL, stream TEXT NOT NULL, target TEXT NOT NULL,
  status TEXT NOT NULL, ready INTEGER NOT NULL, run_at INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0, tries INTEGER NOT NULL DEFAULT 0,
  started_at INTEGER NOT NULL DEFAULT 0, finished_at INTEGER NOT NULL DEFAULT 0,
  read INTEGER NOT NULL DEFAULT 0, written INTEGER NOT NULL DEFAULT 0,
  filtered INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0,
  deleted INTEGER NOT NULL DEFAULT 0, batches INTEGER NOT NULL DEFAULT 0,
  bytes INTEGER NOT NULL DEFAULT 0, cursor TEXT NOT NULL DEFAULT '',
  error_json TEXT NOT NULL DEFAULT '', streams_json TEXT NOT NULL DEFAULT '',
  PRIMARY KEY(run, task)) STRICT, WITHOUT ROWID;
CREATE INDEX weir_task_ready ON weir_task(run_at, run, number) WHERE ready = 1;
CREATE INDEX weir_task_sleeping ON weir_task(run_at) WHERE status = 'retrying';
CREATE UNIQUE INDEX weir_task_flight ON weir_task(job) WHERE status = 'running';

CREATE TABLE weir_log(
  run INTEGER NOT NULL REFERENCES weir_run ON DELETE CASCADE, seq INTEGER NOT NULL,
  at INTEGER NOT NULL, level INTEGER NOT NULL, message TEXT NOT NULL,
  PRIMARY KEY(run, seq)) STRICT, WITHOUT ROWID;

CREATE TABLE weir_dead_letter(
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, job TEXT NOT NULL,
  stream TEXT NOT NULL, target TEXT NOT NULL, run_id TEXT NOT NULL, position TEXT NOT NULL,
  code TEXT NOT NULL, message TEXT NOT NULL, place TEXT NOT NULL, record_json TEXT NOT NULL,
  at INTEGER NOT NULL, status TEXT NOT NULL, settled_at INTEGER NOT NULL,
  UNIQUE(job, stream, run_id, position)) STRICT;
CREATE INDEX weir_dead_letter_waiting ON weir_dead_letter(job) WHERE status = 'waiting';
CREATE INDEX weir_dead_letter_settled ON weir_dead_letter(settled_at) WHERE status <> 'waiting';

CREATE TABLE weir_fact(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
)sql";

// A consumer is given what is oldest, but for the few topics that are put off.
constexpr char version_2[] = R"sql(
DROP INDEX weir_delivery_order;
CREATE INDEX weir_delivery_put_off ON weir_delivery(consumer, run_at, topic) WHERE run_at > 0;
)sql";

// sha256: of a token, hex. hash: keyed, over prev_hash and all other columns (audit.cpp).
constexpr char access_tables[] = R"sql(
CREATE TABLE weir_token(
  id TEXT PRIMARY KEY, name TEXT NOT NULL, sha256 TEXT NOT NULL UNIQUE, scope TEXT NOT NULL,
  jobs TEXT NOT NULL, created_at INTEGER NOT NULL, created_by TEXT NOT NULL,
  expires_at INTEGER NOT NULL, used_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE weir_audit(
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, principal TEXT NOT NULL, address TEXT NOT NULL,
  request_id TEXT NOT NULL, action TEXT NOT NULL, object TEXT NOT NULL, result TEXT NOT NULL,
  difference TEXT NOT NULL, prev_hash TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TRIGGER weir_audit_stays BEFORE UPDATE ON weir_audit
  BEGIN SELECT RAISE(ABORT, 'the audit is only added to'); END;

CREATE TABLE weir_idempotency(
  principal TEXT NOT NULL, key TEXT NOT NULL, fingerprint TEXT NOT NULL, status INTEGER NOT NULL,
  headers TEXT NOT NULL, content_type TEXT NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY(principal, key)) STRICT, WITHOUT ROWID;
CREATE INDEX weir_idempotency_age ON weir_idempotency(at);

ALTER TABLE weir_secret ADD COLUMN set_at INTEGER NOT NULL DEFAULT 0;
)sql";

// at: when the point of `step` seconds begins, in seconds.
constexpr char series_table[] = R"sql(
CREATE TABLE weir_series(
  step INTEGER NOT NULL, name TEXT NOT NULL, job TEXT NOT NULL, at INTEGER NOT NULL,
  value REAL NOT NULL, PRIMARY KEY(step, name, at, job)) STRICT, WITHOUT ROWID;
CREATE INDEX weir_series_age ON weir_series(step, at);
)sql";

constexpr std::array steps{version_1, version_2, access_tables, series_table};

Error newer(std::int64_t found) {
    return {WEIR_E_CONFIG, "store.newer",
            fmt::format("the data directory was written by a newer Weir (state version {}, this "
                        "one knows {}): start that version, or another data directory",
                        found, schema_version())};
}

std::int64_t pragma(Session& session, char const* name) {
    return session.value<std::int64_t>(fmt::format("PRAGMA {}", name)).value_or(0);
}

}  // namespace

int schema_version() { return static_cast<int>(steps.size()); }

Result<void> check_ours(Session& session) {
    std::int64_t const has = pragma(session, "user_version");
    bool const is_ours = pragma(session, "application_id") == our_application_id;
    bool const is_empty = !session.value<std::int64_t>("SELECT 1 FROM sqlite_schema LIMIT 1");
    if (!is_ours && !is_empty)
        return Error{WEIR_E_CONFIG, "store.foreign",
                     "the state's file is a database that Weir did not make: name another data "
                     "directory"};
    if (is_ours && has > schema_version()) return newer(has);
    return {};
}

Result<void> migrate(Session& session) {
    session.script("BEGIN IMMEDIATE");
    Result<void> const outcome = check_ours(session);
    std::int64_t const has = pragma(session, "user_version");
    bool const is_ours = pragma(session, "application_id") == our_application_id;
    if (!outcome || (is_ours && has == schema_version())) {
        session.script("ROLLBACK");
        return outcome;
    }
    for (auto i = static_cast<std::size_t>(has); i < steps.size(); ++i) session.script(steps[i]);
    session.script(fmt::format("PRAGMA user_version={}; PRAGMA application_id={}; COMMIT",
                               schema_version(), our_application_id));
    return {};
}

}  // namespace weir::host
