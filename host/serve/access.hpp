#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "host/http/server.hpp"
#include "host/http/tokens.hpp"
#include "host/serve/browser_sessions.hpp"
#include "host/serve/token_book.hpp"
#include "host/store/audit.hpp"

namespace weir::host {

/// Who may come in: the owner's token, the tokens of the store, browsers that signed in; and the
/// trail of who changed what. Thread-safe.
class Access final : public http::Authenticator {
public:
    Access(Store& store, KeyRing const& keys)
        : clock_{store.clock()}, tokens_{store}, sessions_{clock_}, audit_{store, keys} {}

    /// Before the server listens.
    Result<void> open(http::AdminToken admin);

    std::optional<http::Principal> find(std::string_view token) const override;
    std::optional<http::Principal> find_session(std::string_view cookie) const override;
    void refused(std::string const& address) const override;
    /// Whether who came in once would come in still, by the same token or session.
    bool is_welcome(http::Principal const& who) const;
    /// `ended` is called whenever somebody's token was revoked or session closed. To be set before
    /// the server listens; any thread, quick.
    void on_ended(std::function<void()> ended) { ended_ = std::move(ended); }
    /// E_NOT_FOUND "token.not_found".
    Result<void> revoke(std::string const& token_id);
    void sign_out(std::string const& session);
    /// For http::Server::Ports: one line of the trail; why it could not be kept.
    Result<void> note(http::AuditEntry const& entry);
    /// Stores what was counted, drops what is too old; to be called now and then.
    Result<void> tend();

    TokenBook& tokens() { return tokens_; }
    BrowserSessions& sessions() { return sessions_; }
    Audit& audit() { return audit_; }

private:
    Clock const& clock_;
    mutable TokenBook tokens_;  // finding one notes its use
    BrowserSessions sessions_;
    Audit audit_;
    std::optional<http::AdminToken> admin_;
    std::function<void()> ended_ = [] {};
    mutable std::mutex mutex_;
    struct Wrong {
        std::int64_t told = 0, summed = 0, minute = 0;
    };
    mutable std::map<std::string, Wrong> wrong_;  // by address
};

}  // namespace weir::host
