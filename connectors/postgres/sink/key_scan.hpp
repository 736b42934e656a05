#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "encode.hpp"
#include "fit.hpp"
#include "held_keys.hpp"

namespace weir::postgres {

/// The keys of a stream that come in their order, met with those of the target in the same order as
/// they come, so that nothing has to be staged where little differs. Only for types whose equal
/// values are equal bytes, and whose order is that of their bytes: integers, uuid, dates and times.
///
/// What came is held, in a few bytes a key, for the case that it has to be staged after all: keys
/// out of order, more of them than held_bytes_max, more that differ than differences_max.
///
/// Within the transaction of its owner, by a cursor, so that other statements may run between.
class KeyScan {
public:
    static constexpr std::size_t held_bytes_max = 16 << 20;
    static constexpr std::size_t differences_max = 10'000;  ///< that are missing, and too much

    /// Whether the keys that land so can be met like this.
    static bool can(Fit const& fit, std::vector<FieldView> const& fields);

    KeyScan(Connection& connection, Place const& place, Fit const& fit,
            std::vector<FieldView> fields);

    /// False: none of `batch` was taken, and it is to be staged, behind stage(). Everything that
    /// `first` holds runs ahead of the first statement, and is taken.
    bool take(Wait const& wait, ArrowArray const& batch, std::string& first);
    /// All keys have come. False: they are to be staged; after it, nothing is taken.
    bool finish(Wait const& wait, std::string& first);

    /// Puts what came into the stage, which is there and empty, and gives up the cursor. Answers
    /// how many keys that are.
    std::int64_t stage(Wait const& wait);
    /// Makes a temporary table of the keys that are too much, whose rows are to go, or of those
    /// that are missing. Answers its name.
    std::string list_extra(Wait const& wait) { return list(extra_, extra_table, wait); }
    std::string list_missing(Wait const& wait) { return list(missing_, missing_table, wait); }

    /// What was found, once it has finished.
    Swept found() const;

private:
    struct Part {
        std::size_t width;
        bool is_signed;
    };

    static std::optional<Part> part_of(TargetColumn const& column);
    void open(Wait const& wait, std::string& first);
    void close(Wait const& wait);
    void fetch(Wait const& wait, std::string const& ahead);
    bool is_at_end() const { return is_all_fetched_ && at_ == page_.rows(); }
    void step(Wait const& wait);
    bool encode(std::int64_t row);
    bool meet(Wait const& wait);
    void put(std::string_view key, Outgoing& out) const;
    void send(HeldKeys const& keys, std::string const& table, bool is_numbered, Wait const& wait);
    std::string list(HeldKeys const& keys, std::string const& table, Wait const& wait);
    void run(std::string const& sql, Wait const& wait);

    static constexpr char extra_table[] = "pg_temp.\"_weir_extra\"";
    static constexpr char missing_table[] = "pg_temp.\"_weir_missing\"";

    Connection& connection_;
    Place const& place_;
    Fit const& fit_;
    std::vector<FieldView> fields_;
    std::vector<Part> parts_;
    Encoder encoder_;
    Outgoing out_;
    std::string key_;  // of the stream, the one at work
    HeldKeys held_, missing_, extra_;
    bool is_open_ = false, is_finished_ = false, is_all_fetched_ = false;
    Result page_{nullptr};  // rows of the target; those before at_ are done
    int at_ = 0;
    std::string there_;  // the key of the row at at_
    std::uint64_t target_ = 0;
};

}  // namespace weir::postgres
