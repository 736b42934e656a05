#include "writer.hpp"

#include <map>

#include "values.hpp"

namespace notebook {

namespace {

std::string place_of(weir::Begin const& begin) { return begin.job + " " + begin.stream; }

/// Whether the rows that the checkpoint speaks of are there: its table, and no other of that name.
bool holds(Json& book, Json const& checkpoint, weir::Begin const& begin) {
    Json const* table = table_of(book, begin.target.name);
    return table && checkpoint.at("target") == begin.target.name &&
           checkpoint.at("made") == table->at("made");
}

weir::Error fenced() {
    return weir::Error{WEIR_E_FENCED, "notebook: a newer run writes this stream"}.coded(
        "sink.fenced");
}

/// Adds what the table lacks; a sentence for each change.
std::vector<std::string> fit(Json& book, weir::Host const& host, weir::Target const& target,
                             std::vector<weir::FieldView> const& fields) {
    std::vector<std::string> changes;
    Json* table = table_of(book, target.name);
    bool const is_new = !table;
    if (is_new) {
        changes.push_back("make the table " + target.name);
        book["tables"][target.name] = {{"made", std::to_string(host.unix_us())},
                                       {"key", target.key},
                                       {"fields", Json::array()},
                                       {"rows", Json::array()}};
        table = table_of(book, target.name);
    }
    for (weir::FieldView const& field : fields) {
        Json const wanted = kept_field(field);
        Json const* found = nullptr;
        for (Json const& each : (*table)["fields"])
            if (each.at("name") == field.name) found = &each;
        if (found && found->at("type") != wanted.at("type"))
            throw weir::Error{WEIR_E_SCHEMA,
                              "notebook: " + target.name + "." + field.name + " holds " +
                                  found->at("type").get<std::string>() + ", not " +
                                  wanted.at("type").get<std::string>(),
                              field.name}
                .coded("notebook.type");
        if (found) continue;
        if (!is_new) changes.push_back("add the field " + field.name);
        (*table)["fields"].push_back(wanted);
    }
    return changes;
}

class TableWriter final : public weir::Writer {
public:
    TableWriter(Book book, weir::Host const& host, weir::Begin const& begin, std::uint64_t epoch)
        : book_{std::move(book)},
          host_{host},
          begin_{begin},
          epoch_{epoch},
          is_staged_{begin.staged || begin.target.write_mode == WEIR_WRITE_REPLACE} {}

    void write(weir::Call const& call, std::vector<weir::FieldView> const& fields,
               ArrowArray const& batch, weir::Rejects rejects) override {
        call.check();
        std::vector<weir::ColumnView> const columns = weir::columns_of(fields, batch);
        std::vector<Json> rows;  // of this batch: all of them, or none
        for (std::int64_t row = 0; row < batch.length; ++row) {
            try {
                rows.push_back(row_of(columns, row));
            } catch (weir::Error const& why) {
                if (!rejects) throw;
                rejects.add(row, why);
            }
        }
        fields_ = fields;
        for (Json& row : rows) rows_.push_back(std::move(row));
    }

    std::uint64_t commit(weir::Call const& call, weir::Commit const& commit) override {
        call.check();
        count_ += commit.rows;
        Book::Held held{book_};
        Json& checkpoint = held.json["checkpoints"][place_of(begin_)];
        if (!checkpoint.is_object() || checkpoint.at("epoch") != epoch_) throw fenced();
        if (is_staged_ && !commit.final) return 0;  // stays in memory, for nobody to see
        fit(held.json, host_, begin_.target, fields_);
        Json& table = *table_of(held.json, begin_.target.name);
        std::uint64_t const removed = land(table["rows"]);
        checkpoint["target"] = begin_.target.name;
        checkpoint["made"] = table.at("made");
        checkpoint["cursor"] = commit.cursor;
        checkpoint["spec"] = commit.spec.empty() ? begin_.spec : std::string{commit.spec};
        checkpoint["rows"] = checkpoint.value("rows", std::uint64_t{0}) + count_;
        checkpoint["run_id"] = begin_.run_id;
        checkpoint["updated_at"] = host_.unix_us();
        call.check();
        held.save();
        rows_.clear();
        count_ = 0;
        return removed;
    }

private:
    Json row_of(std::vector<weir::ColumnView> const& columns, std::int64_t row) const {
        Json out = Json::object();
        for (weir::ColumnView const& column : columns)
            out[column.field().name] = value_of(column, row);
        if (begin_.target.write_mode == WEIR_WRITE_APPEND) return out;
        for (std::string const& name : begin_.target.key)
            if (out.value(name, Json{}).is_null())
                throw weir::Error{WEIR_E_DATA, "notebook: the key field " + name + " is null", name}
                    .coded("notebook.key_null");
        return out;
    }

    Json key_of(Json const& row) const {
        Json key = Json::array();
        for (std::string const& name : begin_.target.key) key.push_back(row.at(name));
        return key;
    }

    /// Puts what was written into `rows`; answers how many rows a REPLACE removed.
    std::uint64_t land(Json& rows) {
        bool const is_keyed =
            begin_.target.write_mode != WEIR_WRITE_APPEND && !begin_.target.key.empty();
        Json before = Json::array();
        if (begin_.target.write_mode == WEIR_WRITE_REPLACE) std::swap(before, rows);
        std::map<Json, std::size_t> places;
        if (is_keyed)
            for (std::size_t at = 0; at < rows.size(); ++at) places[key_of(rows[at])] = at;
        for (Json& row : rows_) {
            if (!is_keyed) {
                rows.push_back(std::move(row));
                continue;
            }
            auto const [place, is_new] = places.try_emplace(key_of(row), rows.size());
            if (is_new)
                rows.push_back(std::move(row));
            else if (!is_older(row, rows[place->second]))
                rows[place->second].update(row);
        }
        if (!is_keyed) return before.size();
        std::uint64_t removed = 0;
        for (Json const& row : before) removed += !places.contains(key_of(row));
        return removed;
    }

    bool is_older(Json const& row, Json const& there) const {
        std::string const& version = begin_.target.version;
        return !version.empty() && row.value(version, Json{}) < there.value(version, Json{});
    }

    Book book_;
    weir::Host host_;
    weir::Begin begin_;
    std::uint64_t epoch_, count_ = 0;
    bool is_staged_;
    std::vector<weir::FieldView> fields_;
    std::vector<Json> rows_;  // written and not committed
};

}  // namespace

weir::Prepared prepare(Book const& book, weir::Host const& host, weir::Target const& target,
                       std::vector<weir::FieldView> const& fields, bool dry_run) {
    weir::Prepared prepared;
    auto const change = [&](Json& json) {
        Json const* table = table_of(json, target.name);
        prepared.holds_rows = table && !table->at("rows").empty();
        prepared.actions = fit(json, host, target, fields);
    };
    if (dry_run) {
        Json json = book.read();
        change(json);
        return prepared;
    }
    Book::Held held{book};
    change(held.json);
    if (!prepared.actions.empty()) held.save();
    return prepared;
}

std::unique_ptr<weir::Writer> begin(Book const& book, weir::Host const& host,
                                    weir::Begin const& begin, std::uint64_t& epoch,
                                    std::string& cursor) {
    Book::Held held{book};
    Json& checkpoint = held.json["checkpoints"][place_of(begin)];
    bool const is_known = checkpoint.is_object();
    std::uint64_t const stored = is_known ? checkpoint.at("epoch").get<std::uint64_t>() : 0;
    if (epoch != 0 && epoch < stored) {
        epoch = stored;
        throw fenced();
    }
    if (epoch == 0) epoch = stored + 1;
    bool const is_staged = begin.staged || begin.target.write_mode == WEIR_WRITE_REPLACE;
    if (is_known && holds(held.json, checkpoint, begin)) {
        if (!begin.reset && !is_staged) cursor = checkpoint.at("cursor");
    } else {
        if (is_known && checkpoint.at("cursor") != "")
            host.warn("notebook: the position of " + place_of(begin) +
                      " is ignored: its table is gone, or another one");
        checkpoint = {{"target", ""}, {"made", ""}, {"cursor", ""}};
    }
    if (begin.reset) checkpoint["cursor"] = "";
    checkpoint["epoch"] = epoch;
    held.save();
    return std::make_unique<TableWriter>(book, host, begin, epoch);
}

std::string peek(Book const& book, weir::Begin const& begin) {
    Json json = book.read();
    Json const& checkpoints = json.at("checkpoints");
    auto const found = checkpoints.find(place_of(begin));
    if (found == checkpoints.end()) return {};
    Json checkpoint = *found;
    if (!holds(json, checkpoint, begin)) return {};
    checkpoint["owned"] = true;
    return checkpoint.dump();
}

}  // namespace notebook
