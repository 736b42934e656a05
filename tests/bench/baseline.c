/* The usual way to write rows into SQLite, as fast as it goes: a prepared INSERT, bind, step and
 * reset per row, all rows in one transaction, with the PRAGMAs of connectors/sqlite.
 *
 *   baseline COPY.db TABLE OUT.db    prints the seconds that writing took
 *
 * The rows are those of COPY.db, read into memory before the clock starts, formatted and in their
 * order, so that both sides write the same and only writing is measured. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct value {
    int type, size;
    union {
        sqlite3_int64 integer;
        double real;
        char *bytes;
    } as;
};

static sqlite3 *open_database(const char *path) {
    sqlite3 *db;
    if (sqlite3_open(path, &db) == SQLITE_OK) return db;
    fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(db));
    exit(1);
}

static void run(sqlite3 *db, const char *sql) {
    char *message = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &message) == SQLITE_OK) return;
    fprintf(stderr, "%s: %s\n", sql, message);
    exit(1);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *format, const char *table) {
    sqlite3_stmt *statement;
    char *sql = sqlite3_mprintf(format, table);
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) {
        fprintf(stderr, "%s: %s\n", sql, sqlite3_errmsg(db));
        exit(1);
    }
    sqlite3_free(sql);
    return statement;
}

static struct value take(sqlite3_stmt *from, int column) {
    struct value v = {sqlite3_column_type(from, column), 0, {0}};
    if (v.type == SQLITE_INTEGER) v.as.integer = sqlite3_column_int64(from, column);
    if (v.type == SQLITE_FLOAT) v.as.real = sqlite3_column_double(from, column);
    if (v.type == SQLITE_TEXT || v.type == SQLITE_BLOB) {
        const void *bytes = sqlite3_column_blob(from, column);
        v.size = sqlite3_column_bytes(from, column);
        v.as.bytes = malloc((size_t)v.size + 1);
        if (v.size) memcpy(v.as.bytes, bytes, (size_t)v.size);
    }
    return v;
}

static struct value *load(sqlite3 *db, const char *table, int *columns, long *rows) {
    sqlite3_stmt *select = prepare(db, "SELECT * FROM \"%w\"", table);
    *columns = sqlite3_column_count(select);
    long room = 0;
    struct value *all = NULL;
    for (*rows = 0; sqlite3_step(select) == SQLITE_ROW; ++*rows) {
        if (*rows == room) {
            room = room ? room * 2 : 1024;
            all = realloc(all, (size_t)(room * *columns) * sizeof *all);
        }
        for (int c = 0; c < *columns; ++c) all[*rows * *columns + c] = take(select, c);
    }
    sqlite3_finalize(select);
    return all;
}

static void create_like(sqlite3 *out, sqlite3 *copy, const char *table) {
    sqlite3_stmt *schema = prepare(copy, "SELECT sql FROM sqlite_schema WHERE name='%q'", table);
    if (sqlite3_step(schema) != SQLITE_ROW) exit(1);
    run(out, (const char *)sqlite3_column_text(schema, 0));
    sqlite3_finalize(schema);
}

static sqlite3_stmt *prepare_insert(sqlite3 *db, const char *table, int columns) {
    char marks[4096] = "?";
    for (int c = 1; c < columns; ++c) strcat(marks, ",?");
    char *format = sqlite3_mprintf("INSERT INTO \"%%w\" VALUES(%s)", marks);
    sqlite3_stmt *insert = prepare(db, format, table);
    sqlite3_free(format);
    return insert;
}

static void bind(sqlite3_stmt *to, int at, const struct value *v) {
    switch (v->type) {
        case SQLITE_INTEGER: sqlite3_bind_int64(to, at, v->as.integer); break;
        case SQLITE_FLOAT: sqlite3_bind_double(to, at, v->as.real); break;
        case SQLITE_TEXT: sqlite3_bind_text(to, at, v->as.bytes, v->size, SQLITE_STATIC); break;
        case SQLITE_BLOB: sqlite3_bind_blob(to, at, v->as.bytes, v->size, SQLITE_STATIC); break;
        default: sqlite3_bind_null(to, at);
    }
}

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv) {
    if (argc != 4) {
        fprintf(stderr, "baseline COPY.db TABLE OUT.db\n");
        return 2;
    }
    int columns;
    long rows;
    sqlite3 *copy = open_database(argv[1]);
    struct value *all = load(copy, argv[2], &columns, &rows);
    remove(argv[3]);
    sqlite3 *out = open_database(argv[3]);
    run(out, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL");
    create_like(out, copy, argv[2]);
    sqlite3_stmt *insert = prepare_insert(out, argv[2], columns);
    double began = now();
    run(out, "BEGIN IMMEDIATE");
    for (long r = 0; r < rows; ++r) {
        for (int c = 0; c < columns; ++c) bind(insert, c + 1, &all[r * columns + c]);
        if (sqlite3_step(insert) != SQLITE_DONE) return 1;
        sqlite3_reset(insert);
    }
    run(out, "COMMIT");
    printf("%.4f\n", now() - began);
    sqlite3_finalize(insert);
    sqlite3_close(out);
    sqlite3_close(copy);
    return 0;
}
