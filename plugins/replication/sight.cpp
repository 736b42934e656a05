#include "sight.hpp"

#include <algorithm>
#include <weir/cpp/nearest.hpp>

#include "job.hpp"

namespace weir::replication {
namespace {

using Names = std::vector<std::string>;

Json list_in(Json const& json, char const* name) {
    Json const found = json.value(name, Json());
    return found.is_array() ? found : Json::array();
}

bool has(Names const& names, std::string const& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

Names names_in(Json const& list, char const* member) {
    Names out;
    for (Json const& item : list)
        if (item.is_object()) out.push_back(item.value(member, ""));
    return out;
}

/// Whether the source finds changes by that cursor, be it a field or not.
bool list_has(Json const& cursors, Json const& source) {
    return cursors.is_object() && cursors.contains(source.value("cursor", "")) &&
           cursors[source.value("cursor", "")].is_object();
}

bool is_delta(Json const& job) {
    return job["source"].contains("cursor") && job.value("mode", "") != "full" &&
           job["destination"].value("mode", "") != "replace";
}

/// One job against one stream.
class Look {
public:
    Look(Json const& job, Json const& stream, Findings& findings)
        : job_{job},
          source_{job["source"]},
          stream_{stream},
          name_{stream.value("stream", "")},
          fields_{names_in(list_in(stream, "fields"), "name")},
          findings_{findings} {}

    void check() {
        if (!fields_.empty()) check_fields();
        check_key();
        if (source_.contains("cursor")) check_cursor();
    }
    bool sees_updates() const {
        Json const known = cursor();
        if (rule().value("method", "") == "xmin") return true;
        return known.is_object() ? known.value("updates", false)
                                 : source_.value("cursor_type", "") != "id";
    }
    /// How well what the job sees arrives: as the source says it, with the user's lookback.
    std::string guarantee() const {
        std::string const said = rule().value("guarantee", "unproven");
        if (said == "settled" || !source_.contains("lookback")) return said;
        std::string const lookback = source_["lookback"];
        return lookback_ms_of(lookback).value_or(0) > 0 ? "lookback " + lookback : "unproven";
    }
    void warn(Json& warnings) const {
        auto const say = [&](char const* code, std::string detail) {
            warnings.push_back({{"code", code}, {"detail", std::move(detail)}});
        };
        if (appends())
            say("replication.appends", name_ + " has no key: what comes again, or changed, is "
                                               "appended; name one with source.key");
        if (!is_delta(job_)) return;
        std::string const field = source_["cursor"];
        Json const told = rule();
        if (!told.value("caveat", "").empty())
            say("replication.cursor_caveat", field + " of " + name_ + ": " +
                                                 told.value("caveat", "") + " (guarantee: " +
                                                 guarantee() + ")");
        if (!sees_updates())
            say("replication.updates_unseen", "a delta of " + name_ + " by " + field +
                                                  " sees new records, and no updates");
        else if (told.value("method", "") != "xmin")
            say("replication.silent_updates_unseen",
                "an update that leaves " + field + " of " + name_ + " as it was is not seen");
        bool const sees_nulls = !rows_double() && told.value("nulls", false);
        if (is_nullable(field) && !sees_nulls)
            say("replication.cursor_nullable", field + " of " + name_ +
                                                   " may be null: such records come with the "
                                                   "first run only");
        if (Json const known = cursor(); known.is_object() && !known.value("indexed", true))
            say("replication.cursor_not_indexed",
                field + " of " + name_ + " is not indexed: each run looks at the whole table");
        for (Json const& caveat : list_in(stream_, "caveats"))
            if (std::string const text = caveat; text.find("delet") == text.npos)
                say("source.caveat", name_ + ": " + text);
    }

private:
    void wrong(std::string pointer, std::string code, std::string detail,
               std::string suggestion = {}) {
        findings_.add({std::move(pointer), std::move(code), std::move(detail),
                       std::move(suggestion)});
    }

    void check_name(std::string const& pointer, std::string const& field) {
        if (has(fields_, field)) return;
        wrong(pointer, "source.field_not_found", name_ + " has no field \"" + field + "\"",
              nearest(field, fields_));
    }

    void check_fields() {
        bool const is_own = list_has(stream_.value("cursors", Json()), source_);
        if (source_.contains("cursor") && !is_own) check_name("/source/cursor", source_["cursor"]);
        for (char const* const name : {"key", "fields"})
            for (Json const& field : list_in(source_, name))
                check_name(std::string{"/source/"} + name, field);
        if (!source_.contains("key"))
            for (Json const& field : list_in(job_["destination"], "key"))
                check_name("/destination/key", field);
    }

    bool names_key() const {
        return source_.contains("key") || job_["destination"].contains("key");
    }

    bool appends() const {
        return !names_key() && list_in(stream_, "keys").empty() &&
               !job_["destination"].contains("mode");
    }

    /// Whether a record that comes twice stands there twice.
    bool rows_double() const {
        return job_["destination"].value("mode", "") == "append" || appends();
    }

    /// How the source makes sure that nothing is lost; what is appended may have a rule of its own.
    Json rule() const {
        Json known = cursor();
        if (!known.is_object()) return Json::object();
        Json const append = known.value("append", Json());
        if (!rows_double() || !append.is_object()) return known;
        for (char const* const name : {"caveat", "unsafe"}) known.erase(name);
        known.update(append);
        return known;
    }

    void check_rule(std::string const& field) {
        Json const told = rule();
        std::string const why = told.value("unsafe", "");
        bool const helped = told.value("lookback_helps", false) && source_.contains("lookback") &&
                            lookback_ms_of(source_["lookback"].get<std::string>()).value_or(0) > 0;
        if (why.empty() || helped || !is_delta(job_)) return;
        Names ways;
        Json const all = stream_.value("cursors", Json());
        if (field != "xmin" && is_safe(all.value("xmin", Json()))) ways.push_back("cursor xmin");
        for (std::string const& name : names_in(list_in(stream_, "tracking"), "field"))
            if (name != field && is_safe(all.value(name, Json()))) ways.push_back("cursor " + name);
        if (told.value("lookback_helps", false)) ways.push_back("lookback 10m");
        wrong("/source/cursor", "replication.cursor_unsafe",
              "a delta of " + name_ + " by " + field + " could lose records: " + why,
              ways.empty() ? "leave the cursor out" : listed(ways));
    }
    bool is_safe(Json const& known) const {
        if (!known.is_object()) return false;
        Json const append = known.value("append", Json());
        return !(rows_double() && append.is_object() ? append : known).contains("unsafe");
    }

    void check_key() {
        Json const keys = list_in(stream_, "keys");
        if (names_key()) return;
        if (keys.empty() && compares(job_))
            wrong("/source/key", "reconcile.no_key",
                  name_ + " has no key that is unique and never null, so nobody can tell which of "
                          "its records are gone",
                  "name the fields that identify a record with source.key");
        if (keys.empty() && job_["destination"].value("mode", "") == "upsert")
            wrong("/destination/mode", "copy.no_key",
                  "mode is upsert, but " + name_ + " has no key that is unique and never null",
                  "name one with source.key");
        if (keys.empty() || !source_.contains("fields")) return;
        Names const chosen = source_["fields"].get<Names>();
        for (Json const& field : keys.front())
            if (!has(chosen, field))
                wrong("/source/fields", "replication.field_left_out",
                      "fields leaves out \"" + field.get<std::string>() +
                          "\", which is the key of " + name_,
                      "add " + field.get<std::string>());
    }

    /// What the catalog says of the cursor; null: it cannot be one, or nothing is known.
    Json cursor() const {
        Json const all = stream_.value("cursors", Json());
        return all.is_object() ? all.value(source_.value("cursor", ""), Json()) : Json();
    }

    void check_cursor() {
        std::string const field = source_["cursor"];
        Json const all = stream_.value("cursors", Json());
        if (!all.is_object() || !all.contains(field)) return;
        Names const better = names_in(list_in(stream_, "tracking"), "field");
        if (all[field].is_null())
            return wrong("/source/cursor", "source.cursor_unsuitable",
                         field + " of " + name_ + " is " + type_of(field) +
                             ", which has no order in which new values come last" +
                             (better.empty() ? "" : "; a delta can go by " + listed(better)),
                         better.empty() ? "leave the cursor out" : better.front());
        std::string const kind = all[field].value("kind", ""),
                          said = source_.value("cursor_type", kind);
        if (said != kind)
            wrong("/source/cursor_type", "replication.cursor_type_differs",
                  "the type of the cursor is given as " + said + ", but " + field + " of " + name_ +
                      " is " + type_of(field),
                  kind);
        check_rule(field);
    }

    Json field_named(std::string const& name) const {
        for (Json const& field : list_in(stream_, "fields"))
            if (field.is_object() && field.value("name", "") == name) return field;
        return Json::object();
    }
    std::string type_of(std::string const& name) const {
        return field_named(name).value("type", "of another type");
    }
    bool is_nullable(std::string const& name) const {
        return field_named(name).value("nullable", false);
    }

    Json const &job_, &source_, &stream_;
    std::string name_;
    Names fields_;
    Findings& findings_;
};

void warn_of_missing(Catalog const& catalog, Json& warnings) {
    for (Json const& missing : catalog.missing) {
        std::string const near = missing.value("suggestion", "");
        Json warning{{"code", "source.stream_not_found"},
                     {"detail", "the source has no stream " + missing.value("stream", "") +
                                    " now: runs fail until it has" +
                                    (near.empty() ? "" : "; did you mean " + near + "?")}};
        if (!near.empty()) warning["suggestion"] = near;
        warnings.push_back(std::move(warning));
    }
    if (!catalog.error.is_null())
        warnings.push_back({{"code", catalog.error.value("code", "")},
                            {"detail", "the source could not be asked what it has: " +
                                           catalog.error.value("message", "")}});
}

/// The one of two guarantees that promises less; empty: none was told yet.
std::string weaker(std::string const& one, std::string const& other) {
    auto const rank = [](std::string const& guarantee) {
        return guarantee.empty() ? 3 : guarantee == "settled" ? 2 : guarantee == "unproven" ? 0 : 1;
    };
    return rank(one) <= rank(other) ? one : other;
}

}  // namespace

Json sight_of(Json const& job, Catalog const& catalog, Findings& findings) {
    Json warnings = Json::array();
    bool const delta = is_delta(job);
    bool updates = !delta || job["source"].value("cursor_type", "") != "id";
    bool const sees_deletes = job.value("mode", "") == "reconcile" ||
                              job.value("reconcile", Json::object()).contains("schedule");
    if (delta && !sees_deletes)
        warnings.push_back({{"code", "replication.deletes_unseen"},
                            {"detail", "a cursor sees what is new or changed, and no deletes: a "
                                       "reconcile.schedule finds them"}});
    bool first = true;
    std::string guarantee = delta ? "" : "snapshot";
    for (Json const& stream : catalog.streams) {
        Look look{job, stream, findings};
        look.check();
        look.warn(warnings);
        if (delta) updates = (first || updates) && look.sees_updates();
        if (delta) guarantee = weaker(guarantee, look.guarantee());
        first = false;
    }
    if (guarantee.empty()) guarantee = "unproven";
    warn_of_missing(catalog, warnings);
    bool const replaces = job["destination"].value("mode", "") == "replace";
    if (!delta && job.contains("schedule") && job["destination"].value("mode", "") == "append")
        warnings.push_back({{"code", "replication.append_repeats"},
                            {"detail", "each run appends everything the source has once more"}});
    return {{"asked", catalog.error.is_null() && catalog.missing.empty()},
            {"sees",
             {{"inserts", true}, {"updates", updates}, {"deletes", replaces || sees_deletes}}},
            {"guarantee", std::move(guarantee)},
            {"warnings", std::move(warnings)}};
}

}  // namespace weir::replication
