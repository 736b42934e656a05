#include "host/store/documents.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/store/publish.hpp"
#include "host/store/session.hpp"
#include "host/store/topics.hpp"

namespace weir::host {

namespace {

using Revision = std::int64_t;

Result<void> check_name(std::string const& what, std::string const& name) {
    if (!name.empty() && name.size() <= Documents::name_bytes_max &&
        name.find('\0') == std::string::npos)
        return {};
    return Error{WEIR_E_DATA, "store.name",
                 fmt::format("the {} of a document has {} bytes: it must have 1 to {}, none of "
                             "them zero",
                             what, name.size(), Documents::name_bytes_max)};
}

Result<void> check_place(std::string const& collection, std::string const& key) {
    if (Result<void> checked = check_name("collection", collection); !checked) return checked;
    return check_name("key", key);
}

Result<void> check_size(std::string const& place, std::string const& json) {
    if (json.size() <= Documents::json_bytes_max) return {};
    return Error{WEIR_E_DATA, "store.too_large",
                 fmt::format("{} has {} bytes, {} are allowed", place, json.size(),
                             Documents::json_bytes_max)};
}

Result<void> check_json(std::string const& place, std::string const& json) {
    if (Result<void> checked = check_size(place, json); !checked) return checked;
    if (!nlohmann::json::accept(json))
        return Error{WEIR_E_DATA, "store.not_json", fmt::format("{} is not JSON", place)};
    return {};
}

std::string place_of(std::string const& collection, std::string const& key) {
    return fmt::format("the document {}/{}", collection, key);
}

Result<void> check(Changes const& changes) {
    std::size_t const count = changes.puts.size() + changes.deletes.size() + changes.drops.size() +
                              changes.events.size();
    if (count > Documents::changes_max)
        return Error{
            WEIR_E_DATA, "store.too_large",
            fmt::format("{} changes at once, {} are allowed", count, Documents::changes_max)};
    for (Changes::Put const& put : changes.puts) {
        if (Result<void> checked = check_place(put.collection, put.key); !checked) return checked;
        Result<void> checked = check_size(place_of(put.collection, put.key), put.json);
        if (!checked) return checked;
    }
    for (std::string const& topic : changes.drops)
        if (Result<void> checked = check_name("topic", topic); !checked) return checked;
    for (Changes::Publish const& event : changes.events) {
        if (Result<void> checked = check_name("topic", event.topic); !checked) return checked;
        Result<void> checked = check_size("an event of " + event.topic, event.data);
        if (!checked) return checked;
    }
    return {};
}

std::optional<Revision> revision_of(Session& session, std::string const& owner,
                                    std::string const& collection, std::string const& key) {
    return session.value<Revision>(
        "SELECT revision FROM weir_document WHERE owner = ?1 AND collection = ?2 AND key = ?3",
        owner, collection, key);
}

Error conflict(std::string const& collection, std::string const& key, std::uint64_t expected,
               std::optional<Revision> found) {
    std::string const what = place_of(collection, key);
    std::string sentence;
    if (!found)
        sentence = fmt::format("{} does not exist any more; read again", what);
    else if (expected == 0)
        sentence = fmt::format("{} exists already", what);
    else
        sentence = fmt::format("{} was changed meanwhile: revision {}, not {}; read it again", what,
                               *found, expected);
    return {WEIR_E_CONFLICT, "store.conflict", sentence};
}

constexpr char put_whatever_is_there[] =
    "INSERT INTO weir_document(owner, collection, key, revision, json) VALUES (?1, ?2, ?3, 1, ?4) "
    "ON CONFLICT DO UPDATE SET revision = revision + 1, json = excluded.json RETURNING revision";
constexpr char put_new[] =
    "INSERT INTO weir_document(owner, collection, key, revision, json) VALUES (?1, ?2, ?3, 1, ?4) "
    "ON CONFLICT DO NOTHING RETURNING revision";
constexpr char put_changed[] =
    "UPDATE weir_document SET revision = revision + 1, json = ?4 WHERE owner = ?1 AND "
    "collection = ?2 AND key = ?3 AND revision = ?5 RETURNING revision";
constexpr char remove_whatever_is_there[] =
    "DELETE FROM weir_document WHERE owner = ?1 AND collection = ?2 AND key = ?3";

/// The new revision.
Result<Revision> put_in(Session& session, std::string const& owner, Changes::Put const& put) {
    std::optional<Revision> revision;
    if (put.if_revision == Documents::any_revision)
        revision = session.value<Revision>(put_whatever_is_there, owner, put.collection, put.key,
                                           put.json);
    else if (put.if_revision == 0)
        revision = session.value<Revision>(put_new, owner, put.collection, put.key, put.json);
    else
        revision = session.value<Revision>(put_changed, owner, put.collection, put.key, put.json,
                                           static_cast<Revision>(put.if_revision));
    if (revision) return *revision;
    return conflict(put.collection, put.key, put.if_revision,
                    revision_of(session, owner, put.collection, put.key));
}

}  // namespace

Result<std::optional<Document>> Documents::get(std::string const& owner,
                                               std::string const& collection,
                                               std::string const& key) {
    std::optional<Document> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        auto row = session.row<Revision, std::string>(
            "SELECT revision, json FROM weir_document WHERE owner = ?1 AND collection = ?2 AND "
            "key = ?3",
            owner, collection, key);
        if (row)
            found = Document{key, static_cast<std::uint64_t>(std::get<0>(*row)),
                             std::move(std::get<1>(*row))};
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<std::uint64_t> Documents::put(std::string const& owner, std::string const& collection,
                                     std::string const& key, std::string const& json,
                                     std::uint64_t if_revision) {
    if (Result<void> checked = check_place(collection, key); !checked) return checked.error();
    Result<void> checked = check_json(place_of(collection, key), json);
    if (!checked) return checked.error();
    Revision revision = 0;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        Result<Revision> const put =
            put_in(session, owner, {collection, key, json, if_revision});
        if (!put) return put.error();
        revision = *put;
        return {};
    });
    if (!done) return done.error();
    return static_cast<std::uint64_t>(revision);
}

Result<void> Documents::remove(std::string const& owner, std::string const& collection,
                               std::string const& key, std::uint64_t if_revision) {
    return store_.write([&](Session& session) -> Result<void> {
        std::optional<Revision> const found = revision_of(session, owner, collection, key);
        if (!found)
            return Error{WEIR_E_NOT_FOUND, "store.not_found",
                         fmt::format("{} does not exist", place_of(collection, key))};
        if (if_revision != any_revision && if_revision != static_cast<std::uint64_t>(*found))
            return conflict(collection, key, if_revision, found);
        session.run(remove_whatever_is_there, owner, collection, key);
        return {};
    });
}

Result<std::vector<Document>> Documents::list(std::string const& owner,
                                              std::string const& collection,
                                              std::string const& prefix, std::string const& after,
                                              std::uint32_t limit) {
    std::vector<Document> found;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        auto const rows = static_cast<std::int64_t>(std::min<std::size_t>(limit, list_max));
        Document document;
        Revision revision = 0;
        Query query{session,
                    "SELECT key, revision, json FROM weir_document WHERE owner = ?1 AND "
                    "collection = ?2 AND key > ?3 AND key >= ?4 ORDER BY key LIMIT ?5"};
        query.with(owner, collection, after, prefix, rows);
        query.into(document.key, revision, document.json);
        // Keys with one prefix stand together, from the prefix on.
        while (query.next() && document.key.starts_with(prefix)) {
            document.revision = static_cast<std::uint64_t>(revision);
            found.push_back(document);
        }
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<std::size_t> Documents::apply(std::string const& owner, Changes const& changes) {
    if (Result<void> checked = check(changes); !checked) return checked.error();
    std::size_t published = 0;
    Result<void> done = store_.write([&](Session& session) -> Result<void> {
        published = 0;
        for (Changes::Put const& put : changes.puts)
            if (Result<Revision> const stored = put_in(session, owner, put); !stored)
                return stored.error();
        for (Changes::Delete const& gone : changes.deletes)
            session.run(remove_whatever_is_there, owner, gone.collection, gone.key);
        for (std::string const& topic : changes.drops) drop_in(session, topic);
        std::int64_t const now = store_.clock().unix_us();
        for (Changes::Publish const& event : changes.events)
            if (publish_in(session, event.topic, event.dedupe_key, event.data, now)) ++published;
        return {};
    });
    if (!done) return done.error();
    for (std::string const& topic : changes.drops) store_.topics().tell_dropped(topic);
    return published;
}

}  // namespace weir::host
