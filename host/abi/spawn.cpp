#include "host/abi/spawn.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

namespace weir::host {

int spawn(std::vector<std::string> const& command, std::vector<int> const& fds,
          char* const* environment, pid_t& child) {
    std::vector<char*> words;
    for (std::string const& word : command) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    int next = 1;
    for (int const fd : fds) posix_spawn_file_actions_adddup2(&actions, fd, next++);
    posix_spawn_file_actions_addclosefrom_np(&actions, next);
    posix_spawnattr_t how;
    posix_spawnattr_init(&how);
    // The host blocks and handles signals for its own sake.
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    posix_spawnattr_setsigmask(&how, &none);
    posix_spawnattr_setsigdefault(&how, &all);
    posix_spawnattr_setpgroup(&how, 0);  // what it starts itself ends with it
    posix_spawnattr_setflags(
        &how, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    int const failed =
        ::posix_spawn(&child, words.front(), &actions, &how, words.data(), environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&how);
    return failed;
}

}  // namespace weir::host
