#pragma once

#include <regex>

#include "e2e/serve_fixture.hpp"

namespace weir::test {

/// Jobs of a server over one PostgreSQL, in the three forms of their documents.
class JobsOverHttp : public Serve {
protected:
    /// A paused table form as seed 003 has it, of public.users.
    Json table_form(std::string const& name = "users_sync") const {
        return {{"name", name},
                {"table_name", "users"},
                {"tracking_col", "updated_at"},
                {"tracking_type", "timestamp"},
                {"cron_tab", "*/1 * * * *"},
                {"primary_key", {"id"}},
                {"is_active", false},
                {"source", seed_source()}};
    }
    Json configure_form(std::string const& tracking = "updated_at") const {
        return {{"name", "supabase-users"},   {"sourceConfig", seed_source()},
                {"targetTable", "users"},     {"sourceTable", "users"},
                {"syncIntervalMinutes", 30}, {"trackingColumn", tracking},
                {"isActive", false}};
    }
    /// "pointer code" of every finding.
    static std::vector<std::string> findings(Answer const& answer) {
        std::vector<std::string> out;
        if (answer.body.is_object())
            for (Json const& each : answer.body.value("errors", Json::array()))
                out.push_back(each.value("pointer", "") + " " + each.value("code", ""));
        return out;
    }
    static bool warns(Answer const& answer, std::string const& code) {
        for (Json const& each : answer.body.value("warnings", Json::array()))
            if (each.value("code", "") == code) return true;
        return false;
    }
    /// What is said besides the commands for jobs, which have options of their own.
    static std::string besides_commands(std::string const& text) {
        static std::regex const commands{"weir job run [a-z]+( --mode reconcile)?( --force)?"};
        return std::regex_replace(text, commands, "");
    }
    static std::string job_path(std::string const& id) { return "/replication/jobs/" + id; }
};

}  // namespace weir::test
