// What the host makes of a connector that keeps its promises, and of one that breaks them.
#include <map>

#include "abi/fixture.hpp"
#include "host/abi/boundary.hpp"

namespace weir::host {
namespace {

struct Breach {
    char const *deed, *code, *sentence;
};

std::string name_of(testing::TestParamInfo<Breach> const& info) {
    std::string name;
    for (char const* c = info.param.deed; *c; ++c)
        if (*c != '_') name += *c;
    return name;
}

constexpr char broken[] = "plugin.broken_promise";

// ---- a source ----

TEST_F(OddTest, ReadsBatchesUntilTheEnd) {
    ReaderProxy read = reader();
    Result<OwnedSchema> const schema = read.schema();
    ASSERT_TRUE(schema);
    EXPECT_STREQ((*schema)->children[1]->name, "name");
    for (int i = 1; i <= 2; ++i) {
        Result<NextBatch> const batch = read.next(call);
        ASSERT_TRUE(batch) << batch.error().message;
        EXPECT_FALSE(batch->is_end);
        EXPECT_EQ(batch->rows, 3);
        EXPECT_EQ(batch->bytes, 3 * 8 + 4 * 4 + 3 * 4u) << "ids, offsets, text";
        EXPECT_EQ(batch->cursor, "{\"n\":" + std::to_string(i) + "}");
    }
    Result<NextBatch> const end = read.next(call);
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->is_end);
    EXPECT_EQ(end->cursor, "{\"n\":3}");
    EXPECT_FALSE(end->array);
}

TEST_F(OddTest, ChecksABatchOfANewSchemaAgainstTheNewSchema) {
    ReaderProxy read = reader("new_schema");
    EXPECT_EQ(read.next(call)->array->n_children, 2);
    Result<NextBatch> const second = read.next(call);
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_TRUE(second->schema_changed);
    EXPECT_EQ(second->array->n_children, 3);
    EXPECT_EQ((*read.schema())->n_children, 3);
}

class BadBatch : public OddTest, public testing::WithParamInterface<Breach> {};

TEST_P(BadBatch, IsRefusedWithItsSentence) {
    Result<NextBatch> const batch = reader(GetParam().deed).next(call);
    ASSERT_FALSE(batch);
    EXPECT_EQ(batch.error().code, GetParam().code);
    EXPECT_NE(batch.error().message.find(GetParam().sentence), std::string::npos)
        << batch.error().message;
    if (batch.error().code != broken) return;
    EXPECT_EQ(batch.error().status, WEIR_E_INTERNAL);
    EXPECT_NE(batch.error().message.find("dev.weir.test.odd"), std::string::npos);
}

Breach const bad_batches[] = {
    {"no_batch", broken, "odd: next() answered no batch"},
    {"negative_length", broken, "odd: next() answered a batch that has the length -1"},
    {"top_offset", broken, "has the offset 1 at the top"},
    {"top_nulls", broken, "has nulls at the top"},
    {"fewer_columns", broken, "has 1 columns where the schema has 2"},
    {"null_column", broken, "has a column \"name\" that is a null pointer"},
    {"negative_offset", broken, "has a column \"id\" that has the offset -1"},
    {"short_column", broken, "has a column \"name\" that has 1 values where the batch has 3 rows"},
    {"buffers", broken, "has a column \"id\" that has 3 buffers instead of 2"},
    {"too_many_nulls", broken, "has 4 nulls in 3 values"},
    {"nulls_without_bits", broken, "has nulls and no validity buffer"},
    {"no_values", broken, "has values and a null pointer as buffer"},
    {"misaligned", broken, "has a buffer that is not aligned to 8 bytes"},
    {"falling_text", broken, "has text offsets that fall"},
    {"negative_text", broken, "begins at the text offset -4"},
    {"cursor_big", broken, "answered a cursor of 1048577 bytes; at most 1048576 are possible"},
    {"cursor_bytes", broken, "answered a cursor that is not UTF-8"},
    {"cursor_text", broken, "answered a cursor that is no JSON"},
    {"cursor_null", broken, "answered a null pointer as cursor"},
    {"schema_nothing", broken, "schema() answered no schema"},
    {"schema_list", broken, "answered a schema that is no struct"},
    {"schema_twins", broken, "answered a schema that has two fields \"id\""},
    {"schema_format", broken, "has field \"name\" of the Arrow format \"+l\""},
    {"schema_null_field", broken, "has a null pointer as field 1"},
    {"schema_nameless", broken, "has no name in UTF-8 for field 0"},
    {"throws", broken, "odd: next() let an exception cross the boundary"},
    {"unknown_status", "plugin.unknown_status",
     "odd: next() answered the unknown status -99: odd: hm"},
    {"positive_status", "plugin.unknown_status", "odd: next() answered the unknown status 7"},
    {"silent_failure", "plugin.io", "odd: next() failed (E_IO) and did not say why"},
    {"bad_text", "plugin.data", "odd: \xEF\xBF\xBD\xEF\xBF\xBD"},
};
INSTANTIATE_TEST_SUITE_P(, BadBatch, testing::ValuesIn(bad_batches), name_of);

TEST_F(OddTest, ReadsTextsThatDoNotEndNoFurtherThanTheyReach) {
    Error const error = reader("endless_text").next(call).error();
    EXPECT_EQ(error.message, std::string(sizeof weir_error::message, 'm'));
    EXPECT_EQ(error.code, std::string(sizeof weir_error::code, 'c'));
}

TEST_F(OddTest, GivesACodeToAStatusWithoutOne) {
    weir_error said;
    clear(said);
    for (auto const& [status, code] :
         {std::pair{WEIR_E_INTERNAL, "plugin.internal"},
          {WEIR_E_UNSUPPORTED, "plugin.unsupported"},
          {WEIR_E_CONFIG, "plugin.config"},
          {WEIR_E_AUTH, "plugin.auth"},
          {WEIR_E_NOT_FOUND, "plugin.not_found"},
          {WEIR_E_CONFLICT, "plugin.conflict"},
          {WEIR_E_DATA, "plugin.data"},
          {WEIR_E_IO, "plugin.io"},
          {WEIR_E_TIMEOUT, "plugin.timeout"},
          {WEIR_E_CANCELLED, "cancelled"},
          {WEIR_E_BUSY, "plugin.busy"},
          {WEIR_E_NOMEM, "plugin.nomem"},
          {WEIR_E_STATE, "plugin.state"},
          {WEIR_E_FENCED, "plugin.fenced"},
          {WEIR_E_SCHEMA, "plugin.schema"}}) {
        Error const error = error_of(status, said, "odd", "next");
        EXPECT_EQ(error.code, code);
        EXPECT_EQ(error.status, status) << code;
        EXPECT_NE(error.message.find("odd: next() failed"), std::string::npos) << error.message;
    }
    EXPECT_EQ(error_of(-999, said, "odd", "next").code, "plugin.unknown_status");
}

TEST_F(OddTest, KeepsAllThatAnErrorSays) {
    Error const error = reader("full_failure").next(call).error();
    EXPECT_EQ(error.status, WEIR_E_BUSY);
    EXPECT_EQ(error.code, "odd.later");
    EXPECT_EQ(error.message, "odd: try later");
    EXPECT_EQ(error.where, "/url");
    EXPECT_EQ(error.suggestion, "wait");
    EXPECT_EQ(error.sqlstate, "57P03");
    EXPECT_EQ(error.flags, std::uint32_t{WEIR_ERR_RETRYABLE}) << "unknown flags are dropped";
    EXPECT_EQ(error.retry_after_ms, 1500);
}

TEST_F(OddTest, DiscoversStreamsWithSchemasOfItsOwn) {
    std::vector<FoundStream> found;
    {
        Instance instance = odd();
        found = std::move(*instance.source()->discover(call, "a*"));
    }
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0].name, "a*");
    EXPECT_EQ(found[0].meta["target"], "things");
    EXPECT_EQ(found[0].modes, std::uint32_t{WEIR_READ_FULL});
    EXPECT_STREQ(found[0].schema->children[0]->format, "l");
}

TEST_F(OddTest, UsesNoMemberBeyondTheSizeOfAStruct) {
    Instance instance = odd("discover_short");
    Result<std::vector<FoundStream>> const found = instance.source()->discover(call, {});
    ASSERT_TRUE(found);
    EXPECT_EQ(found->at(0).meta, nlohmann::json::object());
}

class BadAnswer : public OddTest, public testing::WithParamInterface<Breach> {
protected:
    /// The error of the call that the deed is named after.
    Error outcome(std::string const& deed) {
        Instance instance = odd(deed);
        std::uint64_t epoch = 0;
        std::string cursor;
        if (deed.starts_with("describe")) return instance.describe().error();
        if (deed.starts_with("discover")) return instance.source()->discover(call, {}).error();
        if (deed.starts_with("open")) return instance.source()->open(call, {}).error();
        if (deed.starts_with("prepare"))
            return instance.sink()->prepare(call, {}, *copy_schema(things()), true).error();
        if (deed.starts_with("begin"))
            return instance.sink()->begin(call, {}, epoch, cursor).error();
        return instance.sink()->peek(call, {}).error();
    }
    static ArrowSchema const& things() {
        static ArrowSchema const schema{"+s",    "",      nullptr, 0,      0,
                                        nullptr, nullptr, nullptr, nullptr};
        return schema;
    }
};

TEST_P(BadAnswer, IsRefusedWithItsSentence) {
    Error const error = outcome(GetParam().deed);
    EXPECT_EQ(error.code, GetParam().code);
    EXPECT_NE(error.message.find(GetParam().sentence), std::string::npos) << error.message;
}

Breach const bad_answers[] = {
    {"describe_list", broken, "odd: describe() did not answer a JSON object"},
    {"describe_big", broken, "odd: describe() answered more than 16 MiB"},
    {"discover_nameless", broken, "found a stream without a name or a schema"},
    {"discover_meta", broken, "found the stream things with a meta_json that is no JSON object"},
    {"discover_cursors", broken,
     "found the stream things with a meta_json whose \"cursors\" is no object"},
    {"discover_rule", broken, "a meta_json whose \"cursors/id/updates\" is no boolean"},
    {"discover_keys", broken, "a meta_json whose \"keys\" is no list of lists of texts"},
    {"discover_notes", broken, "a meta_json whose \"tracking/0/notes\" is no list of texts"},
    {"discover_twins", broken, "found the stream things with a schema that has two fields \"id\""},
    {"discover_many", "source.too_many_streams", "odd: more than 100000 streams match"},
    {"open_nothing", broken, "odd: open() answered no reader"},
    {"prepare_text", broken, "odd: prepare() did not answer {\"actions\":[…]}"},
    {"begin_nothing", broken, "odd: begin() answered no writer"},
    {"begin_cursor_big", broken, "odd: begin() answered a cursor of more than 1 MiB"},
    {"begin_cursor_bytes", broken, "odd: begin() answered a cursor that is not UTF-8"},
    {"peek_text", broken, "odd: peek() did not answer a JSON object"},
    {"peek_list", broken, "odd: peek() did not answer a JSON object"},
};
INSTANTIATE_TEST_SUITE_P(, BadAnswer, testing::ValuesIn(bad_answers), name_of);

// ---- an instance ----

TEST_F(OddTest, CreateFailsAsThePluginSays) {
    auto create = [&](char const* deed) {
        return Instance::create(component(), {{"do", deed}}, root.services, "odd").error();
    };
    EXPECT_EQ(create("create_fails").message, "odd: the moon is wrong");
    EXPECT_EQ(create("create_fails").code, "plugin.config");
    EXPECT_NE(create("create_nothing").message.find("create() answered no instance"),
              std::string::npos);
}

TEST_F(OddTest, CreateChecksTheConfigurationFirst) {
    Result<Instance> const made =
        Instance::create(component(), {{"rwos", 3}}, root.services, "odd");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "config.unknown");
    EXPECT_EQ(made.error().suggestion, "rows");
}

TEST_F(OddTest, DescribesItself) { EXPECT_EQ((*odd().describe())["cursor"], "atomic"); }

TEST_F(OddTest, RefusesARoleThatTheConnectorDoesNotHave) {
    folder.take("abi_plain");
    Registry both{{folder.path()}};
    Instance plain = std::move(
        *Instance::create(*both.load("plain"), nlohmann::json::object(), root.services, "plain"));
    EXPECT_TRUE(plain.source());
    EXPECT_EQ(plain.sink().error().code, "connector.no_sink");
    EXPECT_EQ(plain.sink().error().message, "plain cannot be written to; it is a source only");
    Error const asked = plain.service().error();
    EXPECT_EQ(asked.status, WEIR_E_UNSUPPORTED);
    EXPECT_EQ(asked.code, "plugin.no_service");
    EXPECT_EQ(asked.message, "plain is a connector and no service");
    EXPECT_EQ(*plain.describe(), nlohmann::json::object()) << "lifecycle is optional";
}

TEST_F(OddTest, IsDestroyedAfterItsLastReader) {
    {
        ReaderProxy read = reader();
        EXPECT_EQ(root.log.lines(), std::vector<std::string>{}) << "its instance has gone already";
    }
    EXPECT_EQ(root.log.lines(), (std::vector<std::string>{"2 odd: closed", "2 odd: destroyed"}));
}

TEST_F(OddTest, PinsItsCodeUntilTheLastArrayIsReleased) {
    std::vector<NextBatch> held;
    std::shared_ptr<Generation> generation = component().generation;
    for (int i = 0; i < 50; ++i) {
        ReaderProxy read = reader();
        held.push_back(std::move(*read.next(call)));
        held.push_back(std::move(*read.next(call)));
    }
    EXPECT_EQ(generation->pins(), 100) << "more than there are slots without allocation";
    EXPECT_EQ(generation->in_flight(), 0);
    EXPECT_EQ(static_cast<std::int64_t const*>(held[7].array->children[0]->buffers[1])[2], 5);
    held.resize(1);
    EXPECT_EQ(generation->pins(), 1);
    long const holders = generation.use_count();
    held.clear();
    EXPECT_EQ(generation->pins(), 0);
    EXPECT_EQ(generation.use_count(), holders - 1);
}

// ---- a sink ----

class OddWriter : public OddTest {
protected:
    Result<void> write(std::string const& deed, RejectSink const* rejects = nullptr) {
        Instance instance = odd(deed);
        std::uint64_t epoch = 0;
        std::string cursor;
        Result<WriterProxy> writer = instance.sink()->begin(call, {}, epoch, cursor);
        if (!writer) return writer.error();
        ReaderProxy read = reader();
        OwnedSchema const schema = std::move(*read.schema());
        NextBatch const batch = std::move(*read.next(call));
        return writer->write(call, *schema, *batch.array, rejects);
    }
    Result<std::uint64_t> commit(std::string const& deed, RefusalSink const& refusals) {
        Instance instance = odd(deed);
        std::uint64_t epoch = 0;
        std::string cursor;
        Result<WriterProxy> writer = instance.sink()->begin(call, {}, epoch, cursor);
        if (!writer) return writer.error();
        return writer->commit(call, {.rows = 3, .final = true, .refusals = &refusals});
    }
    static RefusalSink refusals_to(std::vector<std::string>& taken) {
        return {[&](ArrowSchema const&, ArrowArray const& record, Error const& why) {
                    auto const* ids =
                        static_cast<std::int64_t const*>(record.children[0]->buffers[1]);
                    taken.push_back(std::to_string(ids[0]) + " " + why.code + " " + why.message);
                    return true;
                },
                [&] {
                    taken.push_back("kept");
                    return true;
                }};
    }
};

TEST_F(OddWriter, BeginsWritesAndCommits) {
    Instance instance = odd();
    SinkProxy sink = *instance.sink();
    TargetRequest const target{.name = "things"};
    EXPECT_EQ(*sink.peek(call, {.target = target}), "");
    std::uint64_t epoch = 4;
    std::string cursor;
    Result<WriterProxy> writer = sink.begin(call, {.target = target}, epoch, cursor);
    ASSERT_TRUE(writer);
    EXPECT_EQ(epoch, 5u);
    EXPECT_EQ(cursor, "{\"n\":1}");
    ReaderProxy read = reader();
    OwnedSchema const schema = std::move(*read.schema());
    EXPECT_EQ(sink.prepare(call, target, *schema, false)->actions,
              std::vector<std::string>{"create table things"});
    NextBatch const batch = std::move(*read.next(call));
    EXPECT_TRUE(writer->write(call, *schema, *batch.array, nullptr));
    Result<std::uint64_t> const deleted =
        writer->commit(call, {.cursor = *batch.cursor, .rows = 3, .final = true});
    ASSERT_TRUE(deleted);
    EXPECT_EQ(*deleted, 3u);
}

TEST_F(OddWriter, AnswersTheEpochOfWhoeverFencedIt) {
    Instance instance = odd("fenced");
    std::uint64_t epoch = 4;
    std::string cursor;
    Result<WriterProxy> const writer = instance.sink()->begin(call, {}, epoch, cursor);
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().status, WEIR_E_FENCED);
    EXPECT_EQ(writer.error().code, "sink.fenced");
    EXPECT_EQ(epoch, 9u);
}

TEST_F(OddWriter, HandsRejectsOn) {
    std::vector<std::string> taken;
    RejectSink const rejects = [&](std::int64_t row, Error const& why) {
        taken.push_back(std::to_string(row) + " " + why.code + " " + why.message);
        return true;
    };
    EXPECT_TRUE(write("", &rejects));
    EXPECT_EQ(taken, std::vector<std::string>{"1 plugin.data odd: not this one"});
}

TEST_F(OddWriter, EndsWhenTheHostTakesNoMoreRejects) {
    RejectSink const rejects = [](std::int64_t, Error const&) { return false; };
    EXPECT_EQ(write("", &rejects).error().status, WEIR_E_DATA);
}

TEST_F(OddWriter, RefusesRejectsThatCannotBe) {
    RejectSink const rejects = [](std::int64_t, Error const&) { return true; };
    EXPECT_NE(write("rejects_twice", &rejects).error().message.find("rejected row 1 twice"),
              std::string::npos);
    EXPECT_NE(write("rejects_beyond", &rejects)
                  .error()
                  .message.find("rejected row 3 of a batch of 3 rows"),
              std::string::npos);
}

TEST_F(OddWriter, HandsRowsRefusedAtTheEndOn) {
    std::vector<std::string> taken;
    EXPECT_TRUE(commit("", refusals_to(taken)));
    EXPECT_EQ(taken, (std::vector<std::string>{"7 plugin.data odd: not this one", "kept"}));
}

TEST_F(OddWriter, EndsWhenTheHostTakesNoMoreRefusedRows) {
    std::vector<std::string> taken;
    RefusalSink full = refusals_to(taken);
    full.add = [](ArrowSchema const&, ArrowArray const&, Error const&) { return false; };
    EXPECT_EQ(commit("", full).error().status, WEIR_E_DATA);
    RefusalSink broken_disk = refusals_to(taken);
    broken_disk.keep = [] { return false; };
    EXPECT_EQ(commit("", broken_disk).error().status, WEIR_E_DATA);
}

TEST_F(OddWriter, RefusesRefusalsThatCannotBe) {
    std::map<std::string, std::string> const deeds{
        {"refuses_nothing", "refused a row without its record"},
        {"refuses_two", "refused 2 rows as one"},
        {"refuses_oddly", "refused a row whose schema"},
        {"never_keeps", "never kept those it refused"}};
    for (auto const& [deed, sentence] : deeds) {
        std::vector<std::string> taken;
        Result<std::uint64_t> const done = commit(deed, refusals_to(taken));
        ASSERT_FALSE(done) << deed;
        EXPECT_NE(done.error().message.find(sentence), std::string::npos) << done.error().message;
    }
}

TEST_F(OddWriter, RefusesToHaveABorrowedBatchReleased) {
    EXPECT_NE(write("write_releases").error().message.find("released a batch that it had borrowed"),
              std::string::npos);
}

TEST_F(OddWriter, StopsWhatThePluginThrows) { EXPECT_EQ(write("throws").error().code, broken); }

}  // namespace
}  // namespace weir::host
