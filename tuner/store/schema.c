/* schema.c: the tables of a store, and whether a file holds exactly these.
**
** A table of ours may be anything in a file that somebody else made: a view over a query without
** end, a virtual table, one with computed columns.  SQLite keeps the text of each statement that
** made a table, so files that hold other texts, or more of them, are not read at all.
** SPDX-License-Identifier: Apache-2.0
*/
#include "tuner/store/internal.h"

#include <string.h>

#define KEYS                                                                                       \
    "keys (id TEXT PRIMARY KEY, problem TEXT NOT NULL, family TEXT NOT NULL,"                      \
    " spec TEXT NOT NULL, machine TEXT NOT NULL, threads INTEGER NOT NULL, build TEXT NOT NULL,"   \
    " used INTEGER NOT NULL)"
#define RECORDS                                                                                    \
    "records (key TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,"                           \
    " offsets TEXT NOT NULL, schedule TEXT NOT NULL, lowering TEXT NOT NULL, rev INTEGER NOT "     \
    "NULL,"                                                                                        \
    " outcome TEXT NOT NULL, why TEXT NOT NULL, ns_median REAL NOT NULL, ns_low REAL NOT NULL,"    \
    " ns_high REAL NOT NULL, gain REAL NOT NULL, peak_gflops REAL NOT NULL, flops REAL NOT NULL,"  \
    " samples BLOB NOT NULL, at INTEGER NOT NULL, place TEXT NOT NULL, trial INTEGER NOT NULL,"    \
    " run INTEGER NOT NULL, winner INTEGER NOT NULL, sum TEXT NOT NULL,"                           \
    " PRIMARY KEY (key, offsets, schedule))"
#define PINS                                                                                       \
    "pins (problem TEXT PRIMARY KEY, spec TEXT NOT NULL, machine TEXT NOT NULL,"                   \
    " threads INTEGER NOT NULL, schedule TEXT NOT NULL)"
#define OBJECTS                                                                                    \
    "objects (key TEXT NOT NULL, name TEXT NOT NULL, schedule TEXT NOT NULL,"                      \
    " build TEXT NOT NULL, triple TEXT NOT NULL, digest TEXT NOT NULL, bytes INTEGER NOT NULL,"    \
    " used INTEGER NOT NULL, PRIMARY KEY (key, name, schedule))"
#define KEYS_FAMILY    "keys_family ON keys (family)"
#define OBJECTS_DIGEST "objects_digest ON objects (digest)"
#define ITEMS                                                                                      \
    "sweep_items (id TEXT PRIMARY KEY, state TEXT NOT NULL,"                                       \
    " key TEXT NOT NULL, build TEXT NOT NULL, offsets TEXT NOT NULL, schedule TEXT NOT NULL,"      \
    " ns REAL NOT NULL, ns_low REAL NOT NULL, ns_high REAL NOT NULL, gain REAL NOT NULL,"          \
    " measured_on_target INTEGER NOT NULL, host TEXT NOT NULL, boot TEXT NOT NULL, why TEXT NOT "  \
    "NULL,"                                                                                        \
    " at INTEGER NOT NULL)"

/* Turns are a table beside the records, so that a store of a dcngen that did not keep them is read as it is. */
#define TURNS                                                                                      \
    "turns (key TEXT NOT NULL, offsets TEXT NOT NULL, schedule TEXT NOT NULL,"                     \
    " against TEXT NOT NULL, ratio REAL NOT NULL, low REAL NOT NULL, high REAL NOT NULL,"          \
    " PRIMARY KEY (key, offsets, schedule),"                                                       \
    " FOREIGN KEY (key, offsets, schedule) REFERENCES records ON DELETE CASCADE)"

/* Names are kept so that what was pinned, imported or left half tuned is called what its user calls it. */
#define NAMES                                                                                      \
    "names (problem TEXT NOT NULL, name TEXT NOT NULL, used INTEGER NOT NULL,"                     \
    " PRIMARY KEY (problem, name))"

const char schema_script[] =
    "CREATE TABLE " KEYS ";CREATE INDEX " KEYS_FAMILY ";CREATE TABLE " RECORDS ";CREATE TABLE " PINS
    ";CREATE TABLE " OBJECTS ";CREATE INDEX " OBJECTS_DIGEST;
const char schema_turns[] = "CREATE TABLE IF NOT EXISTS " TURNS;
const char schema_names[] = "CREATE TABLE IF NOT EXISTS " NAMES;
const char tune_store_sweep_table[] = "CREATE TABLE IF NOT EXISTS " ITEMS;

/* What SQLite remembers of tables and indexes; indexes of primary keys have no text, and come with their tables.
** Those that a store may have or not come last. */
static const struct {
    const char *name, *sql;
} known[] = {
    { "keys", "CREATE TABLE " KEYS },         { "keys_family", "CREATE INDEX " KEYS_FAMILY },
    { "records", "CREATE TABLE " RECORDS },   { "pins", "CREATE TABLE " PINS },
    { "objects", "CREATE TABLE " OBJECTS },   { "objects_digest", "CREATE INDEX " OBJECTS_DIGEST },
    { "sqlite_autoindex_keys_1", "" },        { "sqlite_autoindex_records_1", "" },
    { "sqlite_autoindex_pins_1", "" },        { "sqlite_autoindex_objects_1", "" },
    { "turns", "CREATE TABLE " TURNS },       { "sqlite_autoindex_turns_1", "" },
    { "names", "CREATE TABLE " NAMES },       { "sqlite_autoindex_names_1", "" },
    { "sweep_items", "CREATE TABLE " ITEMS }, { "sqlite_autoindex_sweep_items_1", "" },
};
enum { NKNOWN = sizeof known / sizeof *known, OF_STORE = NKNOWN - 6 };

/* Which known table or index the row is, as a bit; 0: none. */
static unsigned known_bit(DbRows *row)
{
    char name[64], sql[2048];
    if (!db_text(row, 0, name, sizeof name) || !db_text(row, 1, sql, sizeof sql))
        return 0;
    for (int i = 0; i < NKNOWN; i++)
        if (!strcmp(known[i].name, name) && !strcmp(known[i].sql, sql))
            return 1u << i;
    return 0;
}

int schema_is_ours(const Db *db, bool *ours, dcn_error *err)
{
    unsigned seen = 0, bit = 1;
    int more = 1;
    DbRows *row = db_ask(db, err, "SELECT name, coalesce(sql, '') FROM sqlite_master", "");
    while (bit && (more = db_next(db, row, err)) > 0) {
        bit = known_bit(row) & ~seen;
        seen |= bit;
    }
    db_done(row);
    const unsigned needed = (1u << OF_STORE) - 1;
    *ours = bit && (seen & needed) == needed;
    return more < 0 ? -1 : 0;
}
