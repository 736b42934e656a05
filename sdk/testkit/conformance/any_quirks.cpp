#include "any_quirks.hpp"

#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <sstream>

namespace weir::testkit {

namespace {

[[noreturn]] void lack(std::string what) {
    AnyQuirks::not_told() = what;
    throw NotTold{std::move(what)};
}

void replace_all(std::string& text, std::string const& what, std::string const& by) {
    for (std::size_t at = text.find(what); at != std::string::npos;
         at = text.find(what, at + by.size()))
        text.replace(at, what.size(), by);
}

/// Numbers by value, all else by text: the order of a sink's first column.
bool comes_before(Record const& left, Record const& right) {
    auto const number = [](Record const& record) {
        return record.empty() || !record[0] ? 0LL : std::strtoll(record[0]->c_str(), nullptr, 10);
    };
    return number(left) < number(right);
}

auto is_of(std::string const& target) {
    return [&target](FoundStream const& stream) {
        return stream.meta.value("target", "") == target;
    };
}

}  // namespace

Json& AnyQuirks::spec() {
    static Json value = Json::object();
    return value;
}

std::string& AnyQuirks::not_told() {
    static std::string value;
    return value;
}

AnyQuirks::AnyQuirks() {
    std::string path = std::filesystem::temp_directory_path() / "weir-conformance-XXXXXX";
    if (!::mkdtemp(path.data())) throw std::runtime_error{"no directory can be made at " + path};
    directory_ = path;
    // On a server the case before left its target, and its own tables.
    bool const is_both = has_role(WEIR_ROLE_SINK) && has_role(WEIR_ROLE_SOURCE);
    if (is_both && !text("drop").empty() && exists("people")) drop("people");
}

AnyQuirks::~AnyQuirks() {
    std::error_code failed;
    std::filesystem::remove_all(directory_, failed);
}

std::string AnyQuirks::filled(std::string text) const {
    replace_all(text, "{dir}", directory_.string());
    replace_all(text, "{rows}", std::to_string(rows_));
    replace_all(text, "{ties}", std::to_string(ties_));
    replace_all(text, "{target}", target_);
    return text;
}

Json AnyQuirks::filled(Json value) const {
    if (value.is_string()) {
        std::string const text = filled(value.get<std::string>());
        // "{rows}" alone stands for a number.
        bool const is_number = value == "{rows}" || value == "{ties}";
        return is_number ? Json(std::stoll(text)) : Json(text);
    }
    if (value.is_structured())
        for (Json& each : value) each = filled(each);
    return value;
}

/// What a command of the specification prints.
std::string AnyQuirks::run(std::string const& option) const {
    std::string const command = filled(text(option.c_str()));
    std::FILE* const pipe = ::popen(command.c_str(), "re");
    if (!pipe) throw std::runtime_error{"cannot run: " + command};
    std::string out;
    std::array<char, 4096> bytes;
    while (std::size_t const size = std::fread(bytes.data(), 1, bytes.size(), pipe))
        out.append(bytes.data(), size);
    int const status = ::pclose(pipe);
    if (status != 0)
        throw std::runtime_error{"--" + option + " ended with " +
                                 std::to_string(WEXITSTATUS(status)) + ": " + command};
    return out;
}

Json AnyQuirks::config() {
    Json config = filled(spec().value("config", Json::object()));
    // As the host hands it on.
    Json const schema = Json::parse(its_component().config_schema, nullptr, false);
    if (!schema.is_object()) return config;
    Json const properties = schema.value("properties", Json::object());
    for (auto const& [name, property] : properties.items())
        if (property.is_object() && property.contains("default") && !config.contains(name))
            config[name] = property["default"];
    return config;
}

std::vector<std::string> AnyQuirks::secrets() {
    return spec().value("secrets", std::vector<std::string>{});
}

std::vector<Json> AnyQuirks::broken_configs() {
    std::vector<Json> all;
    for (Json const& each : spec().value("broken", Json::array())) all.push_back(filled(each));
    return all;
}

weir_component const& AnyQuirks::its_component() {
    return Plugin{library()}.component(component());
}

bool AnyQuirks::has_role(std::uint32_t role) { return (its_component().roles & role) != 0; }

Sample AnyQuirks::make(std::int64_t rows, std::int64_t ties) {
    rows_ = rows;
    ties_ = ties;
    if (!text("make").empty())
        run("make");
    else if (spec().value("config", Json::object()).dump().find("{rows}") != std::string::npos)
        ;  // the configuration says how many
    else if (has_role(WEIR_ROLE_SINK))
        make_with_sink(rows, ties);
    else
        lack("--make, or {rows} in --config: how a stream of so many records is made");
    return sample();
}

void AnyQuirks::make_with_sink(std::int64_t rows, std::int64_t ties) {
    Rows made{{{"id", Type::int64, false},
               {"name", Type::utf8},
               {"updated_at", Type::int64, false}}};
    for (std::int64_t i = 0; i < rows; ++i)
        if (i % 5 == 0)
            made.add(i, nullptr, i / ties);
        else
            made.add(i, "n" + std::to_string(i), i / ties);
    SinkInstance sink{host_, its_component(), config()};
    WriteRequest const request{
        .target = "people", .write_mode = WEIR_WRITE_UPSERT, .key = {"id"}, .job = "make"};
    Writer writer = sink.start(request, made.schema());
    writer.write(made);
    writer.commit("", true);
    is_made_by_sink_ = true;
}

/// Of the streams that are there the one that is meant, and what is known of it.
Sample AnyQuirks::sample() {
    std::vector<FoundStream> const all =
        SourceInstance{host_, its_component(), config()}.discover();
    std::string const wanted = filled(text("stream"));
    auto const found = std::find_if(all.begin(), all.end(), [&](FoundStream const& stream) {
        if (!wanted.empty()) return stream.name == wanted;
        return !is_made_by_sink_ || stream.meta.value("target", "") == "people";
    });
    if (found == all.end())
        throw std::runtime_error{"discover() finds " + std::to_string(all.size()) +
                                 " streams, and not the one to read " + wanted};
    Sample sample{found->name, spec().value("key", std::vector<std::string>{}), text("cursor")};
    Json const keys = found->meta.value("keys", Json::array());
    if (sample.key.empty() && !keys.empty()) sample.key = keys[0].get<std::vector<std::string>>();
    Json const tracking = found->meta.value("tracking", Json::array());
    if (sample.tracking.empty() && is_made_by_sink_) sample.tracking = "updated_at";
    if (sample.tracking.empty() && !tracking.empty())
        sample.tracking = tracking[0].value("field", "");
    if (sample.key.empty()) lack("--key: the stream names none, so no read of it can be resumed");
    if (sample.tracking.empty()) lack("--cursor: the stream names no field that a delta goes by");
    return sample;
}

std::vector<Record> AnyQuirks::content(std::string const& target) {
    target_ = target;
    std::vector<Record> records;
    if (!text("content").empty()) {
        std::istringstream lines{run("content")};
        for (std::string line; std::getline(lines, line);) {
            Record record;
            for (Json const& cell : Json::parse(line))
                record.push_back(cell.is_null()     ? Cell{}
                                 : cell.is_string() ? Cell{cell.get<std::string>()}
                                                    : Cell{cell.dump()});
            records.push_back(std::move(record));
        }
    } else if (has_role(WEIR_ROLE_SOURCE)) {
        SourceInstance source{host_, its_component(), config()};
        std::vector<FoundStream> const all = source.discover();
        auto const found = std::find_if(all.begin(), all.end(), is_of(target));
        if (found == all.end())
            throw std::runtime_error{"discover() does not find the target " + target};
        records = source.open({.stream = found->name}).rest();
    } else {
        lack("--content: prints the records of {target}, each as an array of JSON");
    }
    std::stable_sort(records.begin(), records.end(), comes_before);
    return records;
}

bool AnyQuirks::exists(std::string const& target) {
    target_ = target;
    if (!has_role(WEIR_ROLE_SOURCE)) lack("a source: whether a target exists");
    try {
        SourceInstance source{host_, its_component(), config()};
        std::vector<FoundStream> const all = source.discover();
        return std::any_of(all.begin(), all.end(), is_of(target));
    } catch (Failure const& failure) {
        // Nothing was made yet, not even what holds it.
        if (failure.status == WEIR_E_NOT_FOUND || failure.status == WEIR_E_IO) return false;
        throw;
    }
}

void AnyQuirks::drop(std::string const& target) {
    target_ = target;
    if (text("drop").empty()) lack("--drop: removes {target}");
    run("drop");
}

}  // namespace weir::testkit
