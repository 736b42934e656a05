#pragma once

#include "host/abi/plugin_services.hpp"
#include "host/serve/timer.hpp"
#include "host/store/documents.hpp"
#include "host/store/vault.hpp"

namespace weir::host {

/// "weir.store/1" over the documents of the store.
class OfferedStore final : public StoreService {
public:
    explicit OfferedStore(Documents& documents) : documents_{documents} {}

    Result<std::optional<Document>> get(std::string const& owner, std::string const& collection,
                                        std::string const& key) override;
    Result<std::uint64_t> put(std::string const& owner, std::string const& collection,
                              std::string const& key, std::string const& json,
                              std::uint64_t if_revision) override;
    Result<void> remove(std::string const& owner, std::string const& collection,
                        std::string const& key, std::uint64_t if_revision) override;
    Result<std::vector<Document>> list(std::string const& owner, std::string const& collection,
                                       std::string const& prefix, std::string const& after,
                                       std::uint32_t limit) override;
    Result<void> apply(std::string const& owner, Changes const& changes) override;

private:
    Documents& documents_;
};

/// "weir.secrets/1" over the vault.
class OfferedSecrets final : public SecretService {
public:
    explicit OfferedSecrets(Vault& vault) : vault_{vault} {}

    Result<void> put(std::string const& owner, std::string const& name,
                     std::string const& value) override {
        return vault_.put(owner, name, value);
    }
    Result<void> remove(std::string const& owner, std::string const& name) override {
        return vault_.remove(owner, name);
    }

private:
    Vault& vault_;
};

/// "weir.timer/1" over the one timer.
class OfferedTimer final : public TimerService {
public:
    explicit OfferedTimer(Timer& timer) : timer_{timer} {}

    Result<void> arm(std::string const&, std::int64_t at_unix_ms) override {
        timer_.arm(at_unix_ms);
        return {};
    }
    Result<void> disarm(std::string const&) override {
        timer_.disarm();
        return {};
    }

private:
    Timer& timer_;
};

}  // namespace weir::host
