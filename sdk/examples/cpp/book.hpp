#pragma once

#include <string>
#include <weir/cpp/module.hpp>

namespace notebook {

using weir::Json;

/// A notebook: one JSON file with tables, their rows, and how far each job has come.
// {"tables":{NAME:{"made","job","key":[…],"fields":[{"name","type","nullable"}],"rows":[{…}]}},
//  "checkpoints":{JOB STREAM:{"target","made","epoch","cursor","spec","rows","run_id",
//                             "updated_at"}}}
class Book {
public:
    explicit Book(std::string path) : path_{std::move(path)} {}

    std::string const& path() const { return path_; }
    bool is_there() const;
    /// What stands in it; an empty one where there is no file.
    Json read() const;

    /// The file, with everybody else kept out until this ends. Nothing changes but by `save()`,
    /// and what was saved is whole, whenever the power goes.
    class Held {
    public:
        explicit Held(Book const& book);
        Held(Held const&) = delete;
        Held& operator=(Held const&) = delete;
        ~Held();
        Json json;
        void save() const;

    private:
        Book const& book_;
        int lock_;
    };

private:
    std::string path_;
};

/// The table of this name, or null.
inline Json* table_of(Json& book, std::string const& name) {
    Json& tables = book["tables"];
    auto const found = tables.find(name);
    return found == tables.end() ? nullptr : &*found;
}

}  // namespace notebook
